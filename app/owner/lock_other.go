//go:build !unix

package owner

import (
	"errors"
	"os"
)

func flock(*os.File) error {
	return errors.New("this system has no lock that ends with its process; Samverk runs on Linux, macOS and the BSDs")
}

func ours(string) bool { return false }
