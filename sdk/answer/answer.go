package answer

import (
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/settings"
)

// The kinds of answers.
const (
	Text = "text"
	JSON = "json"
)

// KindOf is the kind of a response by its Content-Type: JSON when it is application/json.
func KindOf(res *sdk.Response) string {
	for i := range res.Headers.Len() {
		name, value, _ := res.Headers.At(i)
		const want = "application/json"
		if (name == "Content-Type" || settings.Equal("content-type", name)) && len(value) >= len(want) &&
			(value[:len(want)] == want || settings.Equal(want, value[:len(want)])) {
			return JSON
		}
	}
	return Text
}

// Each calls f for every setting of an answer, in order, until f returns false, with the key
// as it stands there: Key is its name in the plan. {"routing": {"targets": …}} and
// {"routing.targets": …} mean the same. Lists are one text with commas, but for those that grow (headers.append), whose items
// come one by one; null is left out. It reports false when the body is no such answer or f
// returned false.
func Each(kind string, body []byte, f func(key, value string) bool) bool {
	if kind == Text {
		return settings.Lines(string(body), f)
	}
	j, ok := sdk.ParseJSON(body)
	return ok && object("", false, j, f)
}

// Key is settings.Key, and "routing.targets" for "targets".
func Key(key string) string {
	if key == "targets" {
		return "routing.targets"
	}
	return settings.Key(key)
}

// maxSection bounds how deep an answer may nest, by what stands in front of a key.
const maxSection = 63

// Inlined into itself and into Each, it would make a module 6 KB larger.
//
//go:noinline
func object(section string, isWithin bool, j sdk.JSON, f func(key, value string) bool) bool {
	return j.Members(func(name string, v sdk.JSON) bool {
		key := name
		if isWithin {
			key = section + "." + name
		}
		switch {
		case v.IsNull():
			return true
		case v.IsObject() && len(section) < maxSection:
			return object(key, true, v, f)
		case !v.IsArray():
			return f(key, v.Text())
		}
		list, grows := "", settings.Key(key) == "headers.append"
		ok := v.Items(func(item sdk.JSON) bool {
			if grows {
				return f(key, item.Text())
			}
			if list != "" {
				list += ", "
			}
			list += item.Text()
			return true
		})
		return ok && (grows || f(key, list))
	})
}
