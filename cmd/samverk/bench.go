package main

import (
	"context"
	"time"
)

type benched struct {
	Work   string        `json:"work"`
	Amount int64         `json:"amount"`
	Unit   string        `json:"unit"`
	Time   time.Duration `json:"nanoseconds"`
}

func bench(ctx context.Context, dir string, each func(benched) error) error { return nil }
