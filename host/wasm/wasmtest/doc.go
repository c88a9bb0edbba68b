// Package wasmtest makes guests for tests: modules assembled from Go values, and Go programs built for wasip1.
//
// It is imported by tests only and knows nothing of the host.
package wasmtest
