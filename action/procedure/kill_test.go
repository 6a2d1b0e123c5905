package procedure

const killWorld = "SAMVERK_KILL_PROCEDURE"
