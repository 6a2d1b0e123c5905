package notice_test

const victimEnv = "SAMVERK_TEST_NOTICE"

func victim() {}
