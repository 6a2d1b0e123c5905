package forum

import (
	"context"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Doc is what the search knows of a thing.
type Doc struct {
	Kind       string // topic, post, decision, minutes
	Ref        string // its id
	Root       network.ID
	Network    network.ID
	Body       network.BodyID
	Visibility network.Visibility
	Lang       string
	Title      string
	Text       string
	At         int64 // micros
}

func (f *Forum) index(ctx context.Context, tx *storage.Tx, d Doc) error { return nil }

func (t Topic) doc() Doc {
	return Doc{Kind: "topic", Ref: string(t.ID), Root: t.Root, Network: t.Network, Body: t.Body, Visibility: t.Visibility, Lang: t.Lang,
		Title: t.Case + " " + t.Title, Text: t.Text, At: micros(t.Raised)}
}

func (f *Forum) carryEvidence(ctx context.Context, tx *storage.Tx, from, to TopicID) error {
	return nil
}
