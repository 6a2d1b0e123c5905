package forum

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Comment writes under a post: whoever is registered and sees it may.
func (f *Forum) Comment(ctx context.Context, who network.Actor, id PostID, text, lang string) (made CommentID, err error) {
	text = typed(text)
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(p.Root) {
			return denied()
		}
		if p.Hidden != "" {
			return fault.New(fault.Conflict, "the post is hidden").Say("post.hidden")
		}
		if err := needed("comment", text, textLength); err != nil {
			return err
		}
		if lang == "" {
			lang = p.Lang
		}
		if err := oneOf("lang", lang, "sv", "nb", "en"); err != nil {
			return err
		}
		c, err := f.db.NewID()
		if err != nil {
			return err
		}
		made = CommentID(c)
		if _, err := tx.Exec(ctx, `INSERT INTO post_comment (id, post, text, lang, person, at, hidden, version) VALUES ($1, $2, $3, $4, $5, $6, '', 1)`,
			c, id, text, lang, who.Person, micros(f.db.Now())); err != nil {
			return err
		}
		if err := f.follow(ctx, tx, string(id), who.Person); err != nil {
			return err
		}
		return f.tellPost(ctx, tx, who, p, notice.Notice{Key: "notice.post.commented", Args: []string{p.Title}}, string(id))
	})
	return made, err
}

// EditPost changes one's own post, from the version one began with. What it said before is not kept: it is its writer's.
func (f *Forum) EditPost(ctx context.Context, who network.Actor, id PostID, version int64, title, text string) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if p.By != who.Person {
			return denied()
		}
		if p.Version != version {
			return stale()
		}
		p.Title, p.Text = typedLine(title), typed(text)
		if err := p.check(); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE post SET title = $2, text = $3, version = version + 1 WHERE id = $1`, id, p.Title, p.Text); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, p.Root, string(id), "post.edited", nil); err != nil {
			return err
		}
		if p.Hidden != "" {
			return nil
		}
		return f.index(ctx, tx, p.doc())
	})
}

// HidePost takes a post out of sight, with the reason, or a comment under it; no reason shows it again. For who runs the
// body or the network it was written to.
func (f *Forum) HidePost(ctx context.Context, who network.Actor, id PostID, comment CommentID, reason string) error {
	reason = typed(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !p.moderates(a) {
			return denied()
		}
		if err := short("reason", reason, textLength); err != nil {
			return err
		}
		query, args, event := `UPDATE post SET hidden = $1 WHERE id = $2`, []any{reason, string(id)}, "post.hidden"
		if comment != "" {
			query, args = `UPDATE post_comment SET hidden = $1 WHERE id = $2 AND post = $3`, []any{reason, string(comment), string(id)}
		}
		if reason == "" {
			event = "post.shown"
		}
		done, err := tx.Exec(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return network.Absent()
		}
		if err := f.record(ctx, tx, who, p.Root, string(id), event, map[string]string{"reason": reason}); err != nil || comment != "" {
			return err
		}
		if reason == "" {
			return f.index(ctx, tx, p.doc())
		}
		if err := f.unindex(ctx, tx, PostDoc, string(id)); err != nil {
			return err
		}
		return f.notices.Withdraw(ctx, tx, f.postPath(p), p.At)
	})
}

// Answered says which comment answers a question, which makes it knowledge; "" takes that back. For who asked, and who moderates.
func (f *Forum) Answered(ctx context.Context, who network.Actor, id PostID, by CommentID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if p.By != who.Person && !p.moderates(a) {
			return denied()
		}
		if by != "" {
			var n int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM post_comment WHERE id = $1 AND post = $2 AND hidden = ''`, by, id).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return network.Absent()
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE post SET answer = $2 WHERE id = $1`, id, by); err != nil {
			return err
		}
		return f.record(ctx, tx, who, p.Root, string(id), "post.answered", nil)
	})
}

// FollowPost makes somebody told of what is written under a post; Unfollow ends it.
func (f *Forum) FollowPost(ctx context.Context, who network.Actor, id PostID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := f.post(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(p.Root) {
			return denied()
		}
		return f.follow(ctx, tx, string(id), who.Person)
	})
}

const narrowedAtOnce = 200

// narrow shows what was written about a topic where the topic is, and to no more people than it.
func (f *Forum) narrow(ctx context.Context, tx *storage.Tx, t Topic) error {
	for after := PostID(""); ; {
		about, err := f.about(ctx, tx, t.ID, after)
		if err != nil || len(about) == 0 {
			return err
		}
		for _, p := range about {
			p.Network, p.Body = t.Network, t.Body
			if p.Visibility, err = f.asTopic(ctx, tx, t.ID, p.Visibility); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE post SET network = $2, body = $3, visibility = $4 WHERE id = $1`, p.ID, p.Network, p.Body, p.Visibility); err != nil {
				return err
			}
			if after = p.ID; p.Hidden != "" {
				continue
			}
			if err := f.index(ctx, tx, p.doc()); err != nil {
				return err
			}
		}
	}
}

// about lists some of the posts about a topic, in the order of their ids.
func (f *Forum) about(ctx context.Context, tx *storage.Tx, id TopicID, after PostID) (out []Post, err error) {
	rows, err := tx.Query(ctx, `SELECT `+postColumns+` FROM post p LEFT JOIN person w ON w.id = p.person WHERE p.topic = $1 AND p.id > $2 ORDER BY p.id LIMIT $3`, id, after, narrowedAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPost(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
