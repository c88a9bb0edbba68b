// Package storetest is the suite that every engine of host/store passes, and
// Faulty, a store that fails when it is told to. What an engine promises beyond
// store's doc comments it tests itself.
package storetest
