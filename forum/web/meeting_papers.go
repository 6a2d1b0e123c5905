package web

import (
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// paperTitle is how long a paper's title may be here: looked at before its file is kept.
const paperTitle = 150

// paperRow is a paper as it is read.
type paperRow struct {
	forum.Paper
	Link  string // "" while its file may not be fetched
	Late  string
	Size  int64 // of its file
	State forum.ScanState
	Item  int // the number of its item; 0 for the whole meeting
}

type papersData struct {
	meetingData
	Papers  []paperRow
	Shown   []web.Option
	Taking  paperRow // the paper that is about to be withdrawn
	Late    bool     // what is added now comes late
	Open    bool
	Done    string
	Meeting string
}

// paperRows are a meeting's papers by item.
func paperRows(l *web.Words, n *network.Network, v forum.MeetingView, files forum.PaperFiles) map[forum.ItemID][]paperRow {
	numbers := map[forum.ItemID]int{}
	for _, i := range v.Items {
		numbers[i.ID] = i.Number
	}
	out := map[forum.ItemID][]paperRow{}
	for _, x := range v.Papers {
		row := paperRow{Paper: x, Link: x.URL, Item: numbers[x.Item]}
		if file := files.Files[x.File]; x.File != "" {
			row.Link, row.Size, row.State = "", file.Size, file.State
			if file.State == forum.Clean || file.State == forum.Unscanned {
				row.Link = home(n) + "/files/" + string(x.File)
			}
		}
		if x.Late > 0 {
			row.Late = l.Must("meeting.paper.late", l.ShortDay(x.Added))
		}
		out[x.Item] = append(out[x.Item], row)
	}
	return out
}

func (p *room) papersPage(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.papersShow(w, r, n, nil)
}

func (p *room) papersShow(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	v, err := p.theMeeting(r, n)
	if err == nil && !v.Inside {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	files, err := p.paperFiles(r, v)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := papersData{meetingData: p.newMeetingData(l, n, v, files), Late: v.State != forum.Drafted && v.Now.After(v.PapersDue),
		Open: v.Runs && v.State != forum.Over && v.State != forum.Cancelled}
	d.Here, d.Withdrawn = r.URL.Path, files.Withdrawn
	d.Meeting = strings.TrimSuffix(d.Here, "/papers")
	d.Papers = slices.Clone(d.General)
	for _, row := range d.Rows {
		d.Papers = append(d.Papers, row.Papers...)
	}
	if f == nil {
		f = web.NewForm("shown", "group", "item", r.URL.Query().Get("item"), "withdraw", r.URL.Query().Get("withdraw"))
		if key := "meeting.papers.done." + r.URL.Query().Get("done"); l.Has(key) {
			d.Done = l.Must(key)
		}
	}
	d.ItemOf = append([]web.Option{{Text: l.Must("meeting.paper.all")}}, d.ItemOf...)
	for _, row := range d.Papers {
		if d.Open && row.ID == f.Get("withdraw") {
			d.Taking = row
		}
	}
	if slices.ContainsFunc(v.Items, func(i forum.Item) bool { return i.Topic != "" && !i.Hidden }) {
		for _, s := range []string{"group", "topic"} {
			d.Shown = append(d.Shown, web.Option{Value: s, Text: l.Must("meeting.paper.shown." + s), Help: l.Must("meeting.paper.shown." + s + ".help")})
		}
	}
	title := l.Must("meeting.papers")
	return p.pages.Render(w, r, web.Page{Name: "meeting-papers", Title: title, Station: "decide", Data: d, Form: f,
		Crumbs: crumb(l, n, d.BodyName.Text, home(n)+"/bodies/"+string(v.Body), l.Must("meeting.list"), home(n)+"/meetings?body="+string(v.Body), l.ShortDay(v.Starts), d.Meeting, title, "")})
}

func (p *room) papersDo(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	v, err := p.theMeeting(r, n)
	if err == nil && !v.Inside {
		err = network.Absent()
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f, err := web.ReadForm(w, r)
	if err != nil {
		f = web.NewForm("shown", "group") // files that are too large in all: what was typed beside them didn't come through
		return p.problem(w, r, f, err, func() int { return p.papersShow(w, r, n, f) })
	}
	done := "added"
	switch f.Get("do") {
	case "add":
		err = p.addPapers(r, v, f)
	case "withdraw":
		done, err = "withdrawn", p.forum.WithdrawPaper(r.Context(), actor(r), v.ID, f.Get("withdraw"), f.Get("reason"))
	default:
		err = network.Absent()
	}
	if err != nil {
		return p.problem(w, r, f, err, func() int { return p.papersShow(w, r, n, f) })
	}
	if !f.OK() {
		return p.papersShow(w, r, n, f)
	}
	return web.SeeOther(w, r, r.URL.Path+"?done="+done)
}

// addPapers adds what was sent along and the address that was typed. What is right is added although something beside it is wrong;
// the form then says of each file what was wrong with it.
func (p *room) addPapers(r *http.Request, v forum.MeetingView, f *web.Form) error {
	l := p.pages.Words(r)
	files := slices.DeleteFunc(slices.Clone(f.Files["file"]), func(h *multipart.FileHeader) bool { return h.Filename == "" })
	to, ok := paperItem(l, v, f)
	if len(files) == 0 && f.Get("url") == "" {
		f.Wrong("file", l.Must("fault.meeting.paper"))
	}
	if f.Get("url") != "" && f.Get("title") == "" {
		f.Wrong("title", l.Must("fault.forum.missing"))
	}
	if utf8.RuneCountInString(f.Get("title")) > paperTitle {
		f.Wrong("title", l.Must("fault.forum.long", paperTitle))
	}
	if !ok || !f.OK() {
		return nil
	}
	alone := len(files) == 1 && f.Get("url") == ""
	if at := f.Get("url"); at != "" {
		err := p.forum.AddPaper(r.Context(), actor(r), v.ID, to.ID, forum.Paper{Title: f.Get("title"), URL: at})
		if err != nil {
			return err
		}
		f.Set("url") // it is there: sending the form again must not add it twice
	}
	var wrong []string
	for _, h := range files {
		title := h.Filename
		if alone && f.Get("title") != "" {
			title = f.Get("title")
		}
		err := p.addFile(r, v, to, f.Get("shown"), title, h)
		if err == nil {
			continue
		}
		one := web.NewForm()
		if !one.Fault(l, err) {
			return err
		}
		wrong = append(wrong, h.Filename+": "+one.Problems[0].Text+".")
	}
	if len(wrong) > 0 {
		if n := len(files) - len(wrong); n > 0 {
			wrong = append(wrong, l.Must("meeting.paper.others", n))
		}
		f.Wrong("file", strings.Join(wrong, " "))
	}
	return nil
}

// paperItem finds the item that papers are for, an empty one for the whole meeting; false when it says what is wrong with the choice.
func paperItem(l *web.Words, v forum.MeetingView, f *web.Form) (forum.Item, bool) {
	var to forum.Item
	if id := f.Get("item"); id != "" {
		i := slices.IndexFunc(v.Items, func(x forum.Item) bool { return string(x.ID) == id && !x.Hidden })
		if i < 0 {
			f.Wrong("item", l.Must("fault.forum.choice"))
			return to, false
		}
		to = v.Items[i]
	}
	if f.Get("shown") == "topic" && to.Topic == "" {
		f.Wrong("shown", l.Must("fault.meeting.paper.topic"))
		return to, false
	}
	return to, true
}

// addFile keeps a file with the meeting, or beside the item's topic for whoever sees that, and names it as a paper.
func (p *room) addFile(r *http.Request, v forum.MeetingView, to forum.Item, shown, title string, h *multipart.FileHeader) error {
	content, err := h.Open()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a file that was sent can't be read")
	}
	defer content.Close()
	if shown != "topic" {
		_, err = p.forum.AttachToMeeting(r.Context(), actor(r), v.ID, to.ID, title, h.Filename, content)
		return err
	}
	file, err := p.forum.Attach(r.Context(), actor(r), to.Topic, h.Filename, content)
	if err != nil {
		return err
	}
	return p.forum.AddPaper(r.Context(), actor(r), v.ID, to.ID, forum.Paper{Title: title, File: file})
}

// paperFiles tells those inside of the files of a meeting's papers.
func (p *room) paperFiles(r *http.Request, v forum.MeetingView) (forum.PaperFiles, error) {
	if !v.Inside {
		return forum.PaperFiles{}, nil
	}
	return p.forum.PaperFiles(r.Context(), actor(r), v.ID)
}
