package econ

// Version is the engine's. It is a part of every run's id: it changes when a number that the engine gives may change.
const Version = "econ/1"
