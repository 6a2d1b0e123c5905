//go:build !unix

package owner

import (
	"errors"
	"os"
)

func flock(*os.File) error {
	return errors.New("this system has no lock that ends with its process; Samverk runs on Linux, macOS and the BSDs")
}

// Private tells whether a directory is this user's, and only this user may enter it.
func Private(string) bool { return false }
