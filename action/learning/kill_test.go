package learning

const killWorld = "SAMVERK_KILL_WORLD"
