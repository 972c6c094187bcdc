package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/rule"
)

// frequencies are the workflows form's names of counting conditions: one for a count, one for a change.
var frequencies = map[string]string{rule.EventFrequency: "event_frequency", rule.UserFrequency: "event_unique_user_frequency", rule.SessionPercent: "percent_sessions"}

// readWorkflowCondition reads a condition of the workflows form.
func readWorkflowCondition(e element) (rule.Condition, error) {
	typ := word(e, "type")
	c := rule.Condition{Type: typ, ID: int64(number(e, "id"))}
	if e["conditionResult"] != nil {
		c.Result, _ = json.Marshal(e["conditionResult"]) // it came from JSON
	}
	m, _ := e["comparison"].(map[string]any)
	for kind, name := range frequencies {
		if typ == name+"_count" || typ == name+"_percent" {
			c.Type, c.Percent = kind, strings.HasSuffix(typ, "_percent")
			c.Value, c.Interval, c.Than = number(m, "value"), word(m, "interval"), word(m, "comparisonInterval")
			if m["filters"] != nil {
				c.Sub, _ = json.Marshal(m["filters"]) // likewise
			}
			return c, nil
		}
	}
	switch typ {
	case rule.Age:
		c.Newer, c.Value, c.Unit = word(m, "comparisonType") == "newer", number(m, "value"), word(m, "time")
	case rule.AssignedTo:
		c.Target, c.TargetID = strings.Replace(word(m, "targetType"), "NoOne", "Unassigned", 1), word(m, "targetIdentifier")
	case rule.Category, rule.Type:
		include, named := m["include"].(bool)
		c.Text, c.Exclude = word(m, "value"), named && !include
	case rule.Occurrences:
		c.Value = number(m, "value")
	case rule.PriorityAtLeast, rule.PriorityFalling:
		c.Value = number(e, "comparison")
	case rule.Attribute:
		c.Key, c.Match, c.Text = word(m, "attribute"), word(m, "match"), word(m, "value")
	case rule.Tagged:
		c.Key, c.Match, c.Text = word(m, "key"), word(m, "match"), word(m, "value")
	case rule.LatestAdopted:
		c.Env, c.Newer, c.ReleaseAge = word(m, "environment"), word(m, "ageComparison") == "newer", word(m, "releaseAgeType")
	case rule.Level:
		c.Match, c.Value = word(m, "match"), number(m, "level")
	case rule.HasReplay:
		b, named := e["comparison"].(bool)
		c.Exclude = named && !b
	default:
		if partOf(typ) == nil {
			return c, badField("conditions", fmt.Sprintf("There is no condition of the type %q.", clipped(typ)))
		}
	}
	return c, nil
}

func writeWorkflowCondition(c *rule.Condition) element {
	e := element{"id": itoa(c.ID), "type": c.Type, "comparison": true, "conditionResult": true}
	if len(c.Result) > 0 {
		e["conditionResult"] = c.Result
	}
	switch c.Type {
	case rule.EventFrequency, rule.UserFrequency, rule.SessionPercent:
		m := element{"value": c.Value, "interval": c.Interval}
		e["type"] = frequencies[c.Type] + "_count"
		if c.Percent {
			e["type"], m["comparisonInterval"] = frequencies[c.Type]+"_percent", c.Than
		}
		if len(c.Sub) > 0 {
			m["filters"] = c.Sub
		}
		e["comparison"] = m
	case rule.Age:
		e["comparison"] = element{"comparisonType": older(c.Newer), "value": c.Value, "time": c.Unit}
	case rule.AssignedTo:
		m := element{"targetType": strings.Replace(c.Target, "Unassigned", "NoOne", 1)}
		if c.TargetID != "" {
			m["targetIdentifier"] = c.TargetID
		}
		e["comparison"] = m
	case rule.Category, rule.Type:
		var v any = c.Text
		if n, err := strconv.Atoi(c.Text); err == nil {
			v = n
		}
		e["comparison"] = element{"value": v, "include": !c.Exclude}
	case rule.Occurrences:
		e["comparison"] = element{"value": c.Value}
	case rule.PriorityAtLeast, rule.PriorityFalling:
		e["comparison"] = c.Value
	case rule.Attribute, rule.Tagged:
		m := element{map[bool]string{true: "key", false: "attribute"}[c.Type == rule.Tagged]: c.Key, "match": c.Match}
		if c.Text != "" {
			m["value"] = c.Text
		}
		e["comparison"] = m
	case rule.LatestAdopted:
		e["comparison"] = element{"environment": c.Env, "ageComparison": older(c.Newer), "releaseAgeType": c.ReleaseAge}
	case rule.Level:
		e["comparison"] = element{"match": c.Match, "level": c.Value}
	case rule.HasReplay:
		e["comparison"] = !c.Exclude
	}
	return e
}

// readWorkflowAction reads an action of the workflows form; what it has besides is kept.
func readWorkflowAction(e element) rule.Action {
	a := rule.Action{ID: int64(number(e, "id")), Type: word(e, "type"), Sent: maps.Clone(e)}
	cfg, _ := e["config"].(map[string]any)
	data, _ := e["data"].(map[string]any)
	a.TargetID = word(cfg, "targetIdentifier")
	switch a.Type {
	case rule.ToEmail:
		a.Target, a.Fallthrough = word(cfg, "targetType"), word(data, "fallthroughType")
	case rule.ToChannel:
		a.ChannelID, _ = strconv.ParseInt(a.TargetID, 10, 64)
	default:
		if display := word(cfg, "targetDisplay"); display != "" {
			a.TargetID = display
		}
	}
	return a
}

func writeWorkflowAction(a *rule.Action) element {
	e := element{"integrationId": nil, "data": element{}, "status": "active",
		"config": element{"targetType": "specific", "targetIdentifier": text(a.TargetID), "targetDisplay": nil}}
	if a.Type == rule.ToEmail {
		e["config"] = element{"targetType": a.Target, "targetIdentifier": text(a.TargetID), "targetDisplay": nil}
		if a.Fallthrough != "" {
			e["data"] = element{"fallthroughType": a.Fallthrough}
		}
	}
	if a.Type == rule.ToChannel {
		e["config"] = element{"targetType": "specific", "targetIdentifier": itoa(a.ChannelID), "targetDisplay": nil}
	}
	for _, k := range []string{"integrationId", "data", "config", "status"} {
		if v, ok := a.Sent[k]; ok {
			e[k] = v
		}
	}
	e["id"], e["type"] = itoa(a.ID), a.Type
	return e
}

func elements(v any) []element {
	var out []element
	items, _ := v.([]any)
	for _, x := range items {
		if e, ok := x.(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}

func (b *WorkflowBody) read() (*rule.Rule, error) {
	doc := &rule.Rule{Match: word(b.Triggers, "logicType"), When: []rule.Condition{}, Frequency: int(number(b.Config, "frequency"))}
	if doc.Match == "" {
		doc.Match = "any-short"
	}
	if doc.Frequency == 0 {
		doc.Frequency = 30
	}
	if b.Owner != nil {
		doc.Owner = *b.Owner
	}
	for _, id := range b.DetectorIDs {
		doc.Detectors = append(doc.Detectors, int64(number(element{"id": id}, "id")))
	}
	for _, e := range elements(b.Triggers["conditions"]) {
		c, err := readWorkflowCondition(e)
		if err != nil {
			return nil, err
		}
		doc.When = append(doc.When, c)
	}
	for _, f := range b.ActionFilters {
		g := rule.Group{ID: int64(number(f, "id")), Match: word(f, "logicType"), If: []rule.Condition{}, Do: []rule.Action{}}
		if g.Match == "" {
			g.Match = "all"
		}
		for _, e := range elements(f["conditions"]) {
			c, err := readWorkflowCondition(e)
			if err != nil {
				return nil, err
			}
			g.If = append(g.If, c)
		}
		for _, e := range elements(f["actions"]) {
			g.Do = append(g.Do, readWorkflowAction(e))
		}
		doc.Then = append(doc.Then, g)
	}
	doc.Number()
	return doc, checkRule(doc)
}
