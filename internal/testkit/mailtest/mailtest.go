package mailtest

import (
	"bufio"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Server is a running mail server.
type Server struct {
	Addr string // host:port
	ln   net.Listener

	mu    sync.Mutex
	mails []Mail
	hold  func(Mail) // before a mail is accepted
	fail  string     // answers the next DATA with this line instead
}

// Mail is what was received.
type Mail struct {
	To     []string
	Header mail.Header
	Body   string // as it was sent, all parts
}

// Start runs a server until the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Addr: ln.Addr().String(), ln: ln}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.serve(c) })
		}
	})
	tb.Cleanup(func() { ln.Close(); wg.Wait() })
	return s
}

// Hold sets what is called with each mail before it is accepted.
func (s *Server) Hold(fn func(Mail)) { s.mu.Lock(); defer s.mu.Unlock(); s.hold = fn }

// FailOnce answers the next mail with a line such as "451 later".
func (s *Server) FailOnce(line string) { s.mu.Lock(); defer s.mu.Unlock(); s.fail = line }

// Mails gives what was accepted so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail{}, s.mails...)
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	r := textproto.NewReader(bufio.NewReader(c))
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	say("220 mailtest")
	var m Mail
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO", "HELO":
			say("250 mailtest")
		case "MAIL":
			m = Mail{}
			say("250 ok")
		case "RCPT":
			m.To = append(m.To, strings.Trim(strings.TrimPrefix(strings.ToUpper(rest[:3]), "TO:")+rest[3:], "<>"))
			say("250 ok")
		case "DATA":
			say("354 go on")
			lines, err := r.ReadDotLines()
			if err != nil {
				return
			}
			say(s.take(m, strings.Join(lines, "\r\n")))
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *Server) take(m Mail, text string) string {
	if read, err := mail.ReadMessage(strings.NewReader(text + "\r\n")); err == nil {
		m.Header = read.Header
		var b strings.Builder
		_, _ = bufio.NewReader(read.Body).WriteTo(&b) // from memory
		m.Body = b.String()
	}
	s.mu.Lock()
	hold, fail := s.hold, s.fail
	s.fail = ""
	s.mu.Unlock()
	if fail != "" {
		return fail
	}
	if hold != nil {
		hold(m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	return "250 taken"
}
