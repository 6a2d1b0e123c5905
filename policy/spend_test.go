package policy_test

import "os"

const victimEnv = "SAMVERK_TEST_VICTIM"

func victim() { os.Exit(1) }
