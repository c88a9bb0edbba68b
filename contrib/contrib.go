// Package contrib holds what goes beside the program: files for editors and other tools.
package contrib

import _ "embed"

// Schema is the JSON schema of the configuration, for editors. It is made by make docs.
//
//go:embed sallyport.schema.json
var Schema string
