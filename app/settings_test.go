package app_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

func TestSessionsThatCanNotBe(t *testing.T) {
	for _, s := range []app.Sessions{{Idle: "soon"}, {Idle: "1m"}, {Lifetime: "9000h"}, {Idle: "24h", Lifetime: "8h"}} {
		err := app.Init(t.Context(), filepath.Join(t.TempDir(), "node"), app.Settings{Sessions: s})
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || !strings.HasPrefix(e.At, "sessions.") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
