package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Text writes a report for a person to read. With colour it has the escape sequences of a
// terminal.
func Text(r *Report, colour bool) string {
	w := &writer{colour: colour}
	q := r.Request
	what := q.Method + " " + q.RURI
	if q.Status != 0 {
		what = fmt.Sprintf("%d to %s", q.Status, q.Method)
	}
	w.line(w.bold(clean(what)), " from ", q.Source, " by ", q.Interface, " (", strings.ToLower(q.Transport), " ", q.Local, "), ", r.Configuration)
	for _, n := range r.Notes {
		w.line("  note: ", clean(n))
	}
	w.selection(r)
	w.patterns(r)
	w.modules(r)
	w.targets(r)
	w.answer(r)
	w.verdict(r)
	return w.b.String()
}

type writer struct {
	b      strings.Builder
	colour bool
}

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
	w.b.WriteByte('\n')
}

func (w *writer) head(title string) { w.line("\n", w.bold(title)) }

func (w *writer) bold(s string) string  { return w.paint("1", s) }
func (w *writer) green(s string) string { return w.paint("32", s) }
func (w *writer) red(s string) string   { return w.paint("31", s) }

func (w *writer) paint(code, s string) string {
	if !w.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// clean takes away what a message or a module could do to a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

func (w *writer) selection(r *Report) {
	if len(r.Selection) == 0 {
		return
	}
	w.head("Selection")
	for i, s := range r.Selection {
		mark := " "
		if s.Chosen {
			mark = "*"
		}
		value := strconv.Quote(s.Value)
		if !s.Asked {
			value = "(" + value + ")"
		}
		w.line(" ", mark, " ", strconv.Itoa(i+1), ". ", clean(s.Pattern), " = ", value, ": ", s.Why)
		w.lookUps(s.LookUps)
	}
}

func (w *writer) lookUps(ls []LookUp) {
	for _, l := range ls {
		if !l.Found {
			w.line("        map ", l.Map, " has nothing for ", strconv.Quote(l.Key))
			continue
		}
		where := fmt.Sprintf("rule %d", l.Line)
		if l.File != "" {
			where = fmt.Sprintf("%s:%d", l.File, l.Line)
		}
		w.line("        map ", l.Map, ", ", where, ": ", clean(l.Rule), " makes ", strconv.Quote(l.Value), " of ", strconv.Quote(l.Key))
	}
}

func (w *writer) patterns(r *Report) {
	if r.Profile == "" || len(r.Patterns) == 0 {
		return
	}
	w.head("Profile " + r.Profile)
	for _, p := range r.Patterns {
		text := "    " + p.Key + " = " + clean(p.Pattern)
		switch {
		case p.Constant:
		case !p.Evaluated:
			text += ": not evaluated"
		default:
			text += " = " + strconv.Quote(p.Value)
		}
		if p.SetBy != "" {
			text += ", set anew by module " + p.SetBy
		}
		w.line(text)
		w.lookUps(p.LookUps)
	}
}

func (w *writer) modules(r *Report) {
	if len(r.Modules) == 0 {
		return
	}
	w.head("Modules, in a dry run")
	for i, m := range r.Modules {
		verdict := m.Verdict
		switch m.Verdict {
		case Refuses:
			verdict = w.red(fmt.Sprintf("refuses with %d %s", m.Code, clean(m.Reason)))
		case Drops:
			verdict = w.red(verdict)
		case Fails:
			verdict = w.red("fails") + " (on_fail = " + m.OnFail + ")"
		case Passes:
			verdict = w.green(verdict)
		}
		if m.Why != "" {
			verdict += ": " + clean(m.Why)
		}
		w.line("    ", strconv.Itoa(i+1), ". ", m.Use, ": ", strings.TrimRight(verdict, " "))
		for _, p := range m.Params {
			value := ": not evaluated"
			if p.Evaluated {
				value = " = " + strconv.Quote(p.Value)
			}
			w.line("        ", p.Name, " = ", clean(p.Pattern), value)
		}
		w.lookUps(m.LookUps)
		w.fields("sets ", m.Set)
		w.fields("sets variable ", m.Vars)
		w.fields("answers with ", m.Headers)
		if m.MaxDuration != "" {
			w.line("        lets the call last ", m.MaxDuration)
		}
		for _, t := range m.Timers {
			w.line("        sets ", t)
		}
		for _, a := range m.Asked {
			answer := "granted without effect"
			if !a.Known {
				answer = "not known in a dry run"
			}
			w.line("        asks for ", clean(a.What), ": ", answer)
		}
		for _, l := range m.Log {
			w.line("        logs ", clean(l))
		}
	}
}

func (w *writer) fields(what string, fs []Field) {
	for _, f := range fs {
		w.line("        ", what, clean(f.Name), " = ", strconv.Quote(f.Value))
	}
}

func (w *writer) targets(r *Report) {
	for i, t := range r.Targets {
		title := "Target"
		if len(r.Targets) > 1 {
			title = fmt.Sprintf("Target %d", i+1)
		}
		w.head(title + " " + clean(t.RURI+t.where()))
		if t.Error != "" {
			w.line("    ", w.red(clean(t.Error)))
		}
		differs := slices.ContainsFunc(t.Diff, func(l Line) bool { return l.Op != " " })
		switch {
		case i > 0 && differs:
			w.line("    as target 1, but for:")
		case i > 0 && t.Message != "":
			w.line("    as target 1")
		}
		for _, l := range t.Diff {
			w.diffLine(l, i > 0)
		}
	}
}

// where says where a target is sent, and by which interface.
func (t *Target) where() string {
	text := ""
	switch {
	case t.Place == "":
	case t.Address == "" && len(t.Addresses) > 0:
		text = " to " + t.Place + ": " + strings.Join(t.Addresses, ", ")
	case t.Address == "":
		text = " to " + t.Place + ", a name"
	default:
		text = " to " + t.Address
	}
	if t.Interface != "" {
		text += ", by " + t.Interface
	}
	return text
}

// diffLine writes a line of a diff, unless it is one that did not change and only changes are
// wanted.
func (w *writer) diffLine(l Line, changes bool) {
	text := l.Op + " " + clean(l.Text)
	switch l.Op {
	case "-":
		text = w.red(text)
	case "+":
		text = w.green(text)
	default:
		if changes {
			return
		}
		text = strings.TrimRight(text, " ")
	}
	if text == "" {
		w.line()
		return
	}
	w.line("  ", text)
}

func (w *writer) answer(r *Report) {
	if r.Answer == nil {
		return
	}
	w.head(fmt.Sprintf("Answer %d %s", r.Answer.Code, clean(r.Answer.Reason)))
	for _, f := range r.Answer.Headers {
		w.line("    ", clean(f.Name), ": ", clean(f.Value))
	}
}

func (w *writer) verdict(r *Report) {
	text := r.Verdict
	switch r.Verdict {
	case GoesOut:
		if text = w.green("goes out"); len(r.Targets) > 1 {
			text += fmt.Sprintf(", to %d targets in turn", len(r.Targets))
		}
	case Answered:
		text = w.green(fmt.Sprintf("answered by the SBC itself with %d", r.Answer.Code))
	case Refused:
		text = w.red("refused")
		if r.Answer != nil {
			text = w.red(fmt.Sprintf("refused with %d", r.Answer.Code))
		}
	case Dropped:
		text = w.red("dropped, without an answer")
	}
	if r.Why != "" {
		text += ": " + clean(r.Why)
	}
	w.head("Verdict: " + text)
}
