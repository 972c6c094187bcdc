package settings

import "unicode/utf8"

// Client is what Sentry's clients set on a project and nothing here asks for. It is kept, so that they find it as they left
// it: Terraform plans a change again for every value that does not come back. Nil: never set.
type Client struct {
	DigestsMinDelay     *int      `json:"digestsMinDelay,omitempty"` // seconds
	DigestsMaxDelay     *int      `json:"digestsMaxDelay,omitempty"` // seconds
	SubjectPrefix       *string   `json:"subjectPrefix,omitempty"`
	SubjectTemplate     *string   `json:"subjectTemplate,omitempty"`
	ScrapeJavaScript    *bool     `json:"scrapeJavaScript,omitempty"` // no source is ever fetched here
	SecurityToken       *string   `json:"securityToken,omitempty"`    // that such a fetch would send
	SecurityTokenHeader *string   `json:"securityTokenHeader,omitempty"`
	VerifySSL           *bool     `json:"verifySSL,omitempty"`
	HighlightTags       *[]string `json:"highlightTags,omitempty"`
}

// Take puts what next has over what there is.
func (c *Client) Take(next Client) {
	take(&c.DigestsMinDelay, next.DigestsMinDelay)
	take(&c.DigestsMaxDelay, next.DigestsMaxDelay)
	take(&c.SubjectPrefix, next.SubjectPrefix)
	take(&c.SubjectTemplate, next.SubjectTemplate)
	take(&c.ScrapeJavaScript, next.ScrapeJavaScript)
	take(&c.SecurityToken, next.SecurityToken)
	take(&c.SecurityTokenHeader, next.SecurityTokenHeader)
	take(&c.VerifySSL, next.VerifySSL)
	take(&c.HighlightTags, next.HighlightTags)
}

func take[T any](at **T, next *T) {
	if next != nil {
		*at = next
	}
}

func (c *Client) check(k *checker) {
	for field, text := range map[string]*string{"subjectPrefix": c.SubjectPrefix, "subjectTemplate": c.SubjectTemplate,
		"securityToken": c.SecurityToken, "securityTokenHeader": c.SecurityTokenHeader} {
		if text != nil && (len(*text) > maxEntry || !utf8.ValidString(*text)) {
			k.add("client."+field, "must be at most %d bytes of UTF-8", maxEntry)
		}
	}
	if c.HighlightTags != nil {
		k.list("client.highlightTags", *c.HighlightTags, isLine, "the name of a tag")
	}
}
