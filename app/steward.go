package app

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// The first steward is given by the operator: assignments are given by stewards, and on the pages by nobody else.
var (
	ListStewards = owner.Op[*Node, StewardList, Steward, None]{Name: "steward-list", Run: (*Node).listStewards}
	GiveSteward  = owner.Op[*Node, StewardGive, None, StewardGiven]{Name: "steward-give", Run: (*Node).giveSteward}
)

// StewardList asks for the stewards of an organisation, by its id or name; "" is the node's own.
type StewardList struct {
	Organisation string `json:"organisation,omitempty"`
}

// Steward is somebody with a steward's assignment.
type Steward struct {
	Person       string    `json:"person"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	From         time.Time `json:"from"`
	Until        time.Time `json:"until,omitzero"`
	By           string    `json:"by"`
	Ground       string    `json:"ground"`
}

// StewardGive makes a steward of whoever signs in with an address.
type StewardGive struct {
	Mail         string    `json:"mail"`
	Organisation string    `json:"organisation,omitempty"`
	Until        time.Time `json:"until,omitzero"`
	Ground       string    `json:"ground"`
}

// StewardGiven is what was recorded.
type StewardGiven struct {
	Assignment   string `json:"assignment"`
	Name         string `json:"name"`
	Organisation string `json:"organisation"` // its name
	ID           string `json:"organisation_id"`
	Own          bool   `json:"own"` // it is the node's own organisation, whose stewards decide for the node
}

// organisation finds an organisation by its id or name, with its network.
func organisation(ctx context.Context, registry *network.Registry, name string) (o network.Organisation, in *network.Network, err error) {
	err = registry.Look(ctx, network.Clock(), func(tx *storage.Tx, _ network.Access) error {
		for _, root := range registry.Tree().Roots() {
			all, err := registry.Organisations(ctx, tx, root.ID)
			if err != nil {
				return err
			}
			for _, x := range all {
				if string(x.ID) == name || called(x.Name, name) {
					if in != nil {
						return fault.New(fault.Conflict, "several organisations are called %.80q", name).Where("--organisation").Do("one of them is %s, the other %s", o.ID, x.ID)
					}
					o, in = x, root
				}
			}
		}
		if in == nil {
			return fault.New(fault.NotFound, "no network here has an organisation %.80q", name).Where("--organisation").Do("give its name or its id")
		}
		return nil
	})
	return o, in, err
}

func (n *Node) stewarded(ctx context.Context, name string) (registry *network.Registry, o network.Organisation, err error) {
	if name = cmp.Or(strings.TrimSpace(name), n.settings.Organisation); name == "" {
		return nil, o, fault.New(fault.Invalid, "it isn't known whose node this is").Where("--organisation").
			Do("give --organisation, and write its id as \"organisation\" in %s", settingsName)
	}
	if registry, err = n.networks(ctx); err != nil {
		return nil, o, err
	}
	o, _, err = organisation(ctx, registry, name)
	return registry, o, err
}

func (n *Node) listStewards(ctx context.Context, q StewardList, s Sink[Steward]) (None, error) {
	registry, o, err := n.stewarded(ctx, q.Organisation)
	if err != nil {
		return None{}, err
	}
	all, err := n.policies.Assignments(ctx, string(o.ID), "")
	if err != nil {
		return None{}, err
	}
	now := n.db.Now()
	for _, a := range all {
		if a.Role != policy.Steward || !a.At(now) {
			continue
		}
		name, err := personName(ctx, registry, a.Person)
		if err != nil {
			return None{}, err
		}
		if err := s.Item(Steward{Person: a.Person, Name: name, Organisation: english(o.Name), From: a.From, Until: a.To, By: a.By, Ground: a.Ground}); err != nil {
			return None{}, err
		}
	}
	return None{}, nil
}

func personName(ctx context.Context, registry *network.Registry, id string) (name string, err error) {
	err = registry.Look(ctx, network.Clock(), func(tx *storage.Tx, _ network.Access) error {
		name, err = registry.PersonName(ctx, tx, network.PersonID(id))
		return err
	})
	return name, err
}

func (n *Node) giveSteward(ctx context.Context, q StewardGive, _ Sink[None]) (r StewardGiven, err error) {
	registry, o, err := n.stewarded(ctx, q.Organisation)
	if err != nil {
		return r, err
	}
	var person network.PersonID
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		person, err = account.Whose(ctx, tx, q.Mail)
		return err
	})
	if err != nil {
		return r, err
	}
	if r.Name, err = personName(ctx, registry, string(person)); err != nil {
		return r, err
	}
	r.Assignment, err = n.policies.Assign(ctx, policy.Actor{Operator: true}, policy.Assignment{Person: string(person), Organisation: string(o.ID),
		Sector: string(o.Sector), Role: policy.Steward, To: q.Until, Ground: q.Ground})
	r.Organisation, r.ID, r.Own = english(o.Name), string(o.ID), string(o.ID) == n.settings.Organisation
	return r, err
}
