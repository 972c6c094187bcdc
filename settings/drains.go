package settings

// Drains are what the platforms that deliver logs by themselves prove who they are with; empty: the key
// in the drain's URL is enough.
type Drains struct {
	VercelSecret string `json:"vercelSecret"` // signs what a Vercel drain delivers (x-vercel-signature)
	VercelVerify string `json:"vercelVerify"` // what Vercel wants to read in x-vercel-verify before it makes the drain
	HerokuToken  string `json:"herokuToken"`  // of the Heroku drain, d.….
}

// maxDrainSecret bounds a secret in bytes.
const maxDrainSecret = 200

func (d *Drains) check(c *checker) {
	for field, s := range map[string]string{"drains.vercelSecret": d.VercelSecret, "drains.vercelVerify": d.VercelVerify, "drains.herokuToken": d.HerokuToken} {
		if s != "" && (!isLine(s) || len(s) > maxDrainSecret) {
			c.add(field, "is not a text of at most %d bytes", maxDrainSecret)
		}
	}
}
