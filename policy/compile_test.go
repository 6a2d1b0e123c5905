package policy

import "testing"

func TestTheTableOfRulesHasRoom(t *testing.T) {
	if len(purposes) > maxPurposes || len(Kinds) > maxKinds || int(passed) != len(reasons)-1 || len(Sectors) > 16 || len(Roles) > 16 {
		t.Error("there are more words than the compiled form has room for")
	}
}
