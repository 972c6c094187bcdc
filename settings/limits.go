package settings

// ValidateLimits returns an *[Invalid] that names what of a list of quotas cannot be, or nil: for the
// quotas of an organisation, which stand outside of a project's document.
func ValidateLimits(limits []Quota) error {
	c := new(checker)
	(&Quotas{Limits: limits}).check(c)
	if len(c.fields) > 0 {
		return &Invalid{Fields: c.fields}
	}
	return nil
}
