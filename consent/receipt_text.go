package consent

import (
	"fmt"
	"strings"
	"time"
)

// Used is how an individual's data had been used before: what can't be recalled. It comes from the ledger.
type Used struct {
	Purpose      Purpose
	Organisation string
	Times        int
	Last         time.Time
}

// words are a receipt's sentences in one language.
type words struct {
	number, from, stopped, began, nothing, epoch, before, none, used, once, recall string
	permission                                                                     map[Permission]string
	and                                                                            string
}

var receiptWords = map[string]words{
	"sv": {
		number: "Kvitto %s.", from: "Det du bestämde registrerades %s och gäller från och med då, i varje svar som börjar därefter.",
		stopped: "Det här har slutat: %s.", began: "Det här är nu tillåtet: %s.", nothing: "Det ändrade inte vem som får räkna med dina uppgifter.",
		epoch: "Varje svar säger vid vilket samtyckesläge det är räknat. Från läge %d följer svaren ditt val.", before: "Det här hade dina uppgifter redan använts till, och det kan inte tas tillbaka:",
		none: "Dina uppgifter hade inte använts innan.", used: "%s: %s, %d gånger, senast %s", once: "%s: %s, en gång, %s",
		recall: "Svar som redan har lämnats är siffror om många tillsammans. De kan inte hämtas tillbaka, men du är inte med i några nya.", and: " och ",
		permission: map[Permission]string{"care": "vård", "matching": "att hitta liknande patienter", "research": "forskning", "care.abroad": "vård i andra länder",
			"matching.abroad": "att hitta liknande patienter i andra länder", "research.abroad": "forskning i andra länder", "research.commercial": "forskning i vinstsyfte"},
	},
	"nb": {
		number: "Kvittering %s.", from: "Det du bestemte, ble registrert %s og gjelder fra da av, i hvert svar som begynner etter det.",
		stopped: "Dette har stoppet: %s.", began: "Dette er nå tillatt: %s.", nothing: "Det endret ikke hvem som kan telle med opplysningene dine.",
		epoch: "Hvert svar sier ved hvilket samtykketrinn det er telt. Fra trinn %d følger svarene valget ditt.", before: "Dette var opplysningene dine allerede brukt til, og det kan ikke trekkes tilbake:",
		none: "Opplysningene dine var ikke brukt før.", used: "%s: %s, %d ganger, sist %s", once: "%s: %s, én gang, %s",
		recall: "Svar som alt er gitt, er tall om mange sammen. De kan ikke hentes tilbake, men du er ikke med i noen nye.", and: " og ",
		permission: map[Permission]string{"care": "helsehjelp", "matching": "å finne lignende pasienter", "research": "forskning", "care.abroad": "helsehjelp i andre land",
			"matching.abroad": "å finne lignende pasienter i andre land", "research.abroad": "forskning i andre land", "research.commercial": "forskning med fortjeneste som formål"},
	},
	"en": {
		number: "Receipt %s.", from: "What you decided was recorded on %s and holds from then on, in every answer that begins after that.",
		stopped: "This has stopped: %s.", began: "This is now allowed: %s.", nothing: "It didn't change who may count your data.",
		epoch: "Each answer says at which consent epoch it was counted. From epoch %d on, answers follow your choice.", before: "This is what your data had already been used for, and it can't be recalled:",
		none: "Your data had not been used before.", used: "%s: %s, %d times, the last on %s", once: "%s: %s, once, on %s",
		recall: "Answers that have been given are numbers about many people together. They can't be taken back, but you are in no new ones.", and: " and ",
		permission: map[Permission]string{"care": "care", "matching": "finding patients alike", "research": "research", "care.abroad": "care in other countries",
			"matching.abroad": "finding patients alike in other countries", "research.abroad": "research in other countries", "research.commercial": "research for profit"},
	},
}

// Lines are a receipt in plain words, in one of the form's languages (others read English), with what had been done before.
// day writes a day as people do in that language.
func (r Receipt) Lines(lang string, used []Used, day func(time.Time) string) []string {
	w, ok := receiptWords[lang]
	if !ok {
		w = receiptWords["en"]
	}
	lines := []string{fmt.Sprintf(w.number, r.Number), fmt.Sprintf(w.from, day(r.Recorded))}
	if len(r.Stopped) > 0 {
		lines = append(lines, fmt.Sprintf(w.stopped, w.list(r.Stopped)))
	}
	if len(r.Began) > 0 {
		lines = append(lines, fmt.Sprintf(w.began, w.list(r.Began)))
	}
	if len(r.Stopped)+len(r.Began) == 0 {
		lines = append(lines, w.nothing)
	}
	lines = append(lines, fmt.Sprintf(w.epoch, r.Epoch))
	if len(r.Stopped) == 0 {
		return lines
	}
	if len(used) == 0 {
		return append(lines, w.none)
	}
	lines = append(lines, w.before)
	for _, u := range used {
		what := w.permission[Permission(u.Purpose)]
		if u.Times == 1 {
			lines = append(lines, fmt.Sprintf(w.once, u.Organisation, what, day(u.Last)))
		} else {
			lines = append(lines, fmt.Sprintf(w.used, u.Organisation, what, u.Times, day(u.Last)))
		}
	}
	return append(lines, w.recall)
}

func (w words) list(all []Permission) string {
	var names []string
	for _, p := range all {
		names = append(names, w.permission[p])
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + w.and + names[last]
	}
	return strings.Join(names, "")
}
