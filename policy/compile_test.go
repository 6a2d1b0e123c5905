package policy

import "testing"

func TestTheTableOfRulesHasRoom(t *testing.T) {
	if len(purposes) > 16 || len(Kinds) > 16 || len(Sectors) > 16 || len(Roles) > 16 || maxRules > 64 || int(passed) != len(reasons)-1 {
		t.Error("there are more words than the compiled form has room for")
	}
}
