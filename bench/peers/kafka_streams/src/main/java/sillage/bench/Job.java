package sillage.bench;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The session job on Kafka Streams. Told by the environment, as our own services are: SILLAGE_KAFKA_BOOTSTRAP,
 * SILLAGE_NAMESPACE, SILLAGE_FLUSH_INTERVAL_MS, SILLAGE_STREAMS_DATA_DIR, and the schema ids of the three
 * topics in BENCH_INTERACTION_ID, BENCH_SESSION_ID, BENCH_ACTIVITY_ID. Runs until SIGTERM.
 */
public final class Job {
    static final String STORE = "sessions";
    static final String SESSIONS = "sessions-out";
    static final String ACTIVITY = "activity-out";
    private static final String SOURCE = "interactions-in";
    private static final String PROCESSOR = "session";

    private Job() {}

    public static void main(String[] arguments) {
        Map<String, String> environment = System.getenv();
        KafkaStreams streams = new KafkaStreams(topology(environment), settings(environment));
        streams.setUncaughtExceptionHandler(error -> StreamThreadExceptionResponse.SHUTDOWN_APPLICATION);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
        streams.start();
    }

    private static Topology topology(Map<String, String> environment) {
        String namespace = environment.get("SILLAGE_NAMESPACE");
        int interactionId = Integer.parseInt(environment.get("BENCH_INTERACTION_ID"));
        int sessionId = Integer.parseInt(environment.get("BENCH_SESSION_ID"));
        int activityId = Integer.parseInt(environment.get("BENCH_ACTIVITY_ID"));
        var string = Serdes.String();
        var bytes = Serdes.ByteArray();
        return new Topology()
            .addSource(SOURCE, string.deserializer(), bytes.deserializer(), namespace + "interactions")
            .addProcessor(
                PROCESSOR,
                () -> new SessionProcessor(
                    new Interaction.Reader(interactionId), new WireWriter(sessionId, activityId)),
                SOURCE)
            .addStateStore(store(), PROCESSOR)
            .addSink(SESSIONS, namespace + "sessions", string.serializer(), bytes.serializer(), PROCESSOR)
            .addSink(
                ACTIVITY, namespace + "perfume-activity", string.serializer(), bytes.serializer(), PROCESSOR);
    }

    private static StoreBuilder<?> store() {
        SessionRowSerde rows = new SessionRowSerde();
        return Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(STORE), Serdes.String(), Serdes.serdeFrom(rows, rows))
            .withCachingEnabled()
            .withLoggingEnabled(Map.of());
    }

    private static Properties settings(Map<String, String> environment) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, environment.get("SILLAGE_NAMESPACE") + "session-agent");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, environment.get("SILLAGE_KAFKA_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("SILLAGE_STREAMS_DATA_DIR"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, environment.get("SILLAGE_FLUSH_INTERVAL_MS"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        // Room for every row of the load: nothing is evicted, so nothing is written before its commit.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 512L * 1024 * 1024);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        consumer(settings);
        producer(settings);
        return settings;
    }

    private static void consumer(Properties settings) {
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 * 1024 * 1024);
    }

    private static void producer(Properties settings) {
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 512 * 1024);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 256L * 1024 * 1024);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), 8 * 1024 * 1024);
        settings.put(StreamsConfig.topicPrefix(TopicConfig.MAX_MESSAGE_BYTES_CONFIG), 8 * 1024 * 1024);
    }
}
