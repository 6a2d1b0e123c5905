package forum

import (
	"cmp"
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// PaperFiles are the files of a meeting's papers, and which papers were withdrawn.
type PaperFiles struct {
	Files     map[FileID]Attachment
	Withdrawn []Withdrawal // the latest first
}

// Withdrawal is a paper that was taken off a meeting, and why.
type Withdrawal struct {
	Title  string
	Reason string
	Name   string // who withdrew it
	At     time.Time
}

// PaperFiles tells of the files of a meeting's papers, for those inside the body.
func (f *Forum) PaperFiles(ctx context.Context, who network.Actor, id MeetingID) (out PaperFiles, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, id)
		if err == nil && !inside(a, m.Body, m.Network) {
			err = network.Absent()
		}
		if err != nil {
			return err
		}
		if out.Files, err = f.paperFiles(ctx, tx, id); err != nil {
			return err
		}
		out.Withdrawn, err = f.withdrawn(ctx, tx, m)
		return err
	})
	return out, err
}

func (f *Forum) paperFiles(ctx context.Context, tx *storage.Tx, id MeetingID) (map[FileID]Attachment, error) {
	rows, err := tx.Query(ctx, `SELECT f.id, f.name, b.size, b.state, f.hash, f.person, f.added FROM meeting_paper p
		JOIN forum_file f ON f.id = p.file JOIN forum_blob b ON b.hash = f.hash WHERE p.meeting = $1 LIMIT 500`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[FileID]Attachment{}
	for rows.Next() {
		var a Attachment
		var added int64
		if err := rows.Scan(&a.ID, &a.Name, &a.Size, &a.State, &a.Hash, &a.By, &added); err != nil {
			return nil, err
		}
		a.Added = moment(added)
		out[a.ID] = a
	}
	return out, rows.Err()
}

func (f *Forum) withdrawn(ctx context.Context, tx *storage.Tx, m Meeting) (out []Withdrawal, err error) {
	events, err := f.history(ctx, tx, string(m.ID))
	if err != nil {
		return nil, err
	}
	gone, err := f.redacted(ctx, tx, m.ID, "")
	gone.fromHistory(events)
	for _, e := range events {
		if e.Kind == "meeting.unpaper" {
			out = append([]Withdrawal{{Title: e.Details["title"], Reason: e.Details["reason"], Name: e.Name, At: e.At.In(zone(m.Zone))}}, out...)
		}
	}
	return out, err
}

// WithdrawPaper takes a document off a meeting that is not over, and keeps why. A file that no other paper has is given out
// no more.
func (f *Forum) WithdrawPaper(ctx context.Context, who network.Actor, id MeetingID, paper, reason string) error {
	reason = typedLine(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.takesPapers(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := needed("reason", reason, textLength); err != nil {
			return err
		}
		var title, file string
		err = tx.QueryRow(ctx, `DELETE FROM meeting_paper WHERE id = $1 AND meeting = $2 RETURNING title, file`, paper, id).Scan(&title, &file)
		if noRow(err) {
			return network.Absent()
		}
		if err := cmp.Or(err, f.forgetFile(ctx, tx, file)); err != nil {
			return err
		}
		if err := f.reindex(ctx, tx, FileDoc, file); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(id), "meeting.unpaper", map[string]string{"title": title, "reason": reason})
	})
}

// forgetFile takes a meeting's file away when no paper has it. One that lies beside a topic stays there.
func (f *Forum) forgetFile(ctx context.Context, tx *storage.Tx, id string) error {
	var hash string
	err := tx.QueryRow(ctx, `DELETE FROM forum_file WHERE id = $1 AND kind = 'meeting' AND NOT EXISTS (SELECT 1 FROM meeting_paper WHERE file = $1) RETURNING hash`, id).Scan(&hash)
	if noRow(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM forum_blob WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM forum_file WHERE hash = $1) AND NOT EXISTS (SELECT 1 FROM room_file WHERE hash = $1)`, hash)
	return err
}
