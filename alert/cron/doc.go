// Package cron reads the schedules of monitored jobs and works out what state a job's check-ins put it in.
// It is pure: the worker around it reads and writes. Crontabs are read by robfig/cron, by the wall clock
// of the monitor's time zone.
package cron
