package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/api/oidc"
	"github.com/hindsight-dev/hindsight/internal/outbound"
)

// signOn is how people of the main organisation sign in by the operator's provider.
func (h *house) signOn(s *Settings) (*api.SignOn, error) {
	inside, err := networks("outbound-allow", s.OutboundAllow)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	org, err := h.store.EnsureOrganization(ctx, mainOrganization)
	if err != nil {
		return nil, fmt.Errorf("main organisation: %w", err)
	}
	return &api.SignOn{
		Provider: oidc.New(oidc.Config{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCSecret, RedirectURL: s.BaseURL + "/sign-in/oidc",
			HTTP: outbound.New(outbound.Config{Allow: inside})}),
		Name: s.OIDCName, Scope: org.Scope(), Domains: s.OIDCDomains, Groups: s.OIDCGroups, Role: s.OIDCRole,
	}, nil
}
