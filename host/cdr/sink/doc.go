// Package sink brings call records to where others want them: a CSV file, syslog,
// a web server, a Redis stream, PostgreSQL. Each type is a cdr.Sink: it delivers
// batches in order, connects again by itself when it is next asked to deliver, and
// has no goroutine but where its doc comment says so. When to try again and where
// to go on is host/cdr's business.
//
// Every record carries its cdr.ID along, so that what is delivered a second time,
// after a crash or a lost answer, is known as such.
package sink
