// Command pulumi-resource-kubernetes is the Kubernetes resource plugin of
// Pulumi, built from its published Go module: the same code as the release of
// the same version, without the release's build steps.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// The plugin's schema comes from the module itself; the build copies it here.
//
//go:embed schema.json
var schema []byte

// version is set by the build (-ldflags -X main.version=...).
var version string

func main() {
	provider.Serve("kubernetes", version, schema, nil)
}
