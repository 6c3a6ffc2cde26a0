// Command load sends prepared requests to a gateway and tells, as one JSON object, what came of it.
//
// Without -rate each connection sends its next request when it has the answer to the last one (closed loop:
// finds the saturation). With -rate requests are due at a constant rate whatever the gateway does (open loop),
// and a latency counts from the moment the request was due: waiting for a free connection is in it.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

type options struct {
	address, path, origin, requests string
	connections                     int
	seconds, rate                   float64
}

func main() {
	var chosen options
	flag.StringVar(&chosen.address, "address", "127.0.0.1:7100", "host:port of the gateway")
	flag.StringVar(&chosen.path, "path", "/api/analytics", "path of every request")
	flag.StringVar(&chosen.origin, "origin", "https://bench.example", "Origin header")
	flag.StringVar(&chosen.requests, "requests", "", "file of requests, a line each: user agent, tab, JSON body")
	flag.IntVar(&chosen.connections, "connections", 64, "connections kept open")
	flag.Float64Var(&chosen.seconds, "seconds", 3, "how long to send")
	flag.Float64Var(&chosen.rate, "rate", 0, "requests a second; 0: as many as the gateway answers")
	flag.Parse()
	if err := run(chosen); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(chosen options) error {
	requests, err := prepared(chosen)
	if err != nil {
		return err
	}
	connections, err := connect(chosen.address, chosen.connections)
	if err != nil {
		return err
	}
	duration := time.Duration(chosen.seconds * float64(time.Second))
	var outcome summary
	if chosen.rate > 0 {
		outcome = openLoop(connections, requests, chosen.rate, duration)
	} else {
		outcome = closedLoop(connections, requests, duration)
	}
	return json.NewEncoder(os.Stdout).Encode(outcome)
}

// prepared renders every line of the file to the bytes of an HTTP/1.1 request.
func prepared(chosen options) ([][]byte, error) {
	file, err := os.Open(chosen.requests)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var rendered [][]byte
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		agent, body, found := strings.Cut(lines.Text(), "\t")
		if !found {
			return nil, fmt.Errorf("line %d of %s holds no tab", len(rendered)+1, chosen.requests)
		}
		rendered = append(rendered, []byte("POST "+chosen.path+" HTTP/1.1\r\nHost: "+chosen.address+
			"\r\nOrigin: "+chosen.origin+"\r\nUser-Agent: "+agent+
			"\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9"+
			"\r\nReferer: "+chosen.origin+"/perfumes\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin"+
			"\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body))
	}
	if len(rendered) == 0 {
		return nil, fmt.Errorf("%s holds no requests", chosen.requests)
	}
	return rendered, lines.Err()
}
