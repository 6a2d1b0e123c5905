package learning

import (
	"context"
	"database/sql"
	"io"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// fileKind is what the forum calls the files of activities.
const fileKind = "activity"

// Material is something that is handed out; its versions, the newest first.
type Material struct {
	ID       string
	Title    string
	Lang     string
	Open     bool // for whoever sees the activity
	Versions []MaterialVersion
}

// MaterialVersion is one file of a material.
type MaterialVersion struct {
	Number int
	File   forum.FileID
	Name   string
	Size   int64
	At     time.Time
}

// Hand lays a material beside an activity, or a newer version of one that is there: by who arranges it.
func (r *Room) Hand(ctx context.Context, who network.Actor, id ID, m Material, name string, content io.Reader) error {
	m.Title = line(m.Title)
	may := func(tx *storage.Tx, a network.Access) (network.ID, error) {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return "", err
		}
		if m.ID == "" {
			if err := needed("title", m.Title, lineLength); err != nil {
				return "", err
			}
			return x.Root, oneOf("lang", m.Lang, "sv", "nb", "en")
		}
		var there ID
		if err := tx.QueryRow(ctx, `SELECT activity FROM learning_material WHERE id = $1`, m.ID).Scan(&there); err != nil || there != id {
			return "", network.Absent()
		}
		return x.Root, nil
	}
	return r.forum.KeepFile(ctx, who, forum.RoomFile{Kind: fileKind, Subject: string(id), Name: name}, content, may, func(tx *storage.Tx, f forum.Attachment) (err error) {
		of := m.ID
		if of == "" {
			if of, err = r.db.NewID(); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO learning_material (id, activity, title, lang, open) VALUES ($1, $2, $3, $4, $5)`, of, id, m.Title, m.Lang, m.Open); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO learning_material_version (material, number, file, name, size, person, at)
			VALUES ($1, (SELECT COALESCE(MAX(v.number), 0) + 1 FROM learning_material_version v WHERE v.material = $1), $2, $3, $4, $5, $6)`, of, f.ID, f.Name, f.Size, who.Person, f.Added)
		if err != nil {
			return err
		}
		x, err := r.any(ctx, tx, id)
		if err != nil {
			return err
		}
		return r.record(ctx, tx, who, x, "material", map[string]string{"name": f.Name})
	})
}

// materials lists what is handed out: all of it to those inside, else what is open.
func (r *Room) materials(ctx context.Context, tx *storage.Tx, id ID, inside bool) (out []Material, err error) {
	rows, err := tx.Query(ctx, `SELECT m.id, m.title, m.lang, m.open, v.number, v.file, v.name, v.size, v.at FROM learning_material m JOIN learning_material_version v ON v.material = m.id
		WHERE m.activity = $1 AND (m.open = 1 OR $2 = 1) ORDER BY m.id, v.number DESC LIMIT 500`, id, inside)
	err = each(rows, err, func(rows *sql.Rows) error {
		var m Material
		var v MaterialVersion
		var open, at int64
		err := rows.Scan(&m.ID, &m.Title, &m.Lang, &open, &v.Number, &v.File, &v.Name, &v.Size, &at)
		m.Open, v.At = open != 0, moment(at)
		if len(out) == 0 || out[len(out)-1].ID != m.ID {
			out = append(out, m)
		}
		last := &out[len(out)-1]
		last.Versions = append(last.Versions, v)
		return err
	})
	return out, err
}

// Fetch gives a file of an activity to who may have it. It must be closed.
func (r *Room) Fetch(ctx context.Context, who Registrant, root network.ID, id ID, file forum.FileID) (forum.Content, error) {
	return r.forum.FetchFile(ctx, who.Actor, fileKind, string(id), file, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.found(ctx, tx, a, who)
		if err != nil || x.Root != root || x.ID != id {
			return network.Absent()
		}
		all, err := r.materials(ctx, tx, id, arranges(a, x) || g != nil && g.State == Registered)
		if err != nil {
			return err
		}
		for _, m := range all {
			for _, v := range m.Versions {
				if v.File == file {
					return nil
				}
			}
		}
		return network.Absent()
	})
}
