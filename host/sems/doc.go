// Package sems converts a configuration of the SEMS SBC into one of Sallyport: sems.conf,
// sbc.conf, the *.sbcprofile.conf files, regex maps and settings of call control modules
// in, one TOML file with its maps and a report out.
//
// What was meant is kept, defects of the original are not: each such place, and each key
// that has no counterpart, is a line of the report. What package config would refuse is
// left out of the result and reported, so that the result always loads.
//
// The files are foreign bytes: everything that is read is bounded, and nothing outside
// the given tree is opened. The package starts no goroutine, keeps no file open and knows
// neither calls nor sockets.
package sems
