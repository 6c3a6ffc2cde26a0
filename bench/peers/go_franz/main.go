// Command go-franz is the limit our gateway is measured against: a bare net/http handler on franz-go.
//
// It does the gateway's everyday work: JSON, validation against the catalogue, user agent, clock, Avro,
// acks=all before the answer. It has none of the gateway's protections: no keys, no tokens, no rate limits,
// no compressed bodies, no duplicate-key check, no spool, no dead letters, no metrics.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	types, err := readCatalogue(os.Getenv("BENCH_CATALOGUE"))
	if err != nil {
		return err
	}
	schemaID, err := strconv.ParseUint(os.Getenv("BENCH_INTERACTION_ID"), 10, 32)
	if err != nil {
		return fmt.Errorf("BENCH_INTERACTION_ID: %w", err)
	}
	producer, err := kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("SILLAGE_KAFKA_BOOTSTRAP")),
		kgo.DefaultProduceTopic(os.Getenv("SILLAGE_NAMESPACE")+"interactions"),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()),
		kgo.ProducerLinger(lingerTime),
		kgo.MaxBufferedRecords(100_000),
	)
	if err != nil {
		return err
	}
	defer producer.Close()
	gateway := &handler{
		origin:   os.Getenv("SILLAGE_ALLOWED_ORIGINS"),
		boot:     newUUID(),
		schemaID: uint32(schemaID),
		types:    types,
		producer: producer,
	}
	mux := http.NewServeMux()
	mux.Handle("/api/analytics", gateway)
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("SILLAGE_GATEWAY_PORT"), mux)
}
