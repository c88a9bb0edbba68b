package main

import "testing"

// What follows from the table is what is committed.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	if err := run(true); err != nil {
		t.Fatal(err)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"BufferSize": "BUFFER_SIZE", "MaxURL": "MAX_URL", "TokenBit": "TOKEN_BIT", "GetHeader": "GET_HEADER", "MaxHTTPBody": "MAX_HTTP_BODY",
	} {
		if got := upper(in); got != want {
			t.Errorf("upper(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, text := range []string{"/* table none */\n/* end table */\n", "// table codes\n"} {
		if _, err := fill(text, c{}); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}
