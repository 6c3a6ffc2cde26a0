package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"
)

const patience = 30 * time.Second

// connection is one keep-alive connection, opened anew where the gateway has closed it.
type connection struct {
	address string
	socket  net.Conn
	reader  *bufio.Reader
}

func connect(address string, count int) ([]*connection, error) {
	made := make([]*connection, count)
	for i := range made {
		made[i] = &connection{address: address}
		if err := made[i].open(); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (c *connection) open() error {
	socket, err := net.DialTimeout("tcp", c.address, patience)
	if err != nil {
		return err
	}
	c.socket, c.reader = socket, bufio.NewReader(socket)
	return nil
}

// answer is what every gateway that is measured says: of one event its id, of several their count.
type answer struct {
	Success bool   `json:"success"`
	Count   int    `json:"count"`
	EventID string `json:"eventId"`
}

// send gives the status (0 where there was no answer) and how many events were accepted.
func (c *connection) send(request []byte) (status, accepted int) {
	if c.socket == nil && c.open() != nil {
		return 0, 0
	}
	c.socket.SetDeadline(time.Now().Add(patience))
	status, accepted, err := c.exchange(request)
	if err != nil {
		c.socket.Close()
		c.socket = nil
	}
	return status, accepted
}

func (c *connection) exchange(request []byte) (int, int, error) {
	if _, err := c.socket.Write(request); err != nil {
		return 0, 0, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, 0, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return 0, 0, err
	}
	var told answer
	if response.StatusCode != http.StatusOK || json.Unmarshal(body, &told) != nil || !told.Success {
		return response.StatusCode, 0, nil
	}
	if told.EventID != "" {
		return response.StatusCode, 1, nil
	}
	return response.StatusCode, told.Count, nil
}
