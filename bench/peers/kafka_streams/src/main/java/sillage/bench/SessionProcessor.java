package sillage.bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * The session job: human events, each once, into their session's row; perfume activity to the other agent.
 *
 * <p>Rows live in a store with Kafka Streams' own record cache, so that a changelog record and a public row
 * are written once a commit and not once an event. The DSL would publish from that cache too; here its flush
 * listener (not public API) is set by hand, because the DSL's aggregate cannot also forward activity.
 */
final class SessionProcessor implements Processor<String, byte[], String, byte[]> {
    private final Interaction.Reader reader;
    private final WireWriter writer;
    /** The rows worked on, as objects: spares reading them back from the store's bytes for every event. */
    private final Map<String, SessionRow> rows = new HashMap<>();
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, SessionRow> store;

    SessionProcessor(Interaction.Reader reader, WireWriter writer) {
        this.reader = reader;
        this.writer = writer;
    }

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        this.context = context;
        store = context.getStateStore(Job.STORE);
        publishFromCache((InternalProcessorContext<String, byte[]>) context);
    }

    @SuppressWarnings("unchecked")
    private void publishFromCache(InternalProcessorContext<String, byte[]> internal) {
        ProcessorNode<?, ?, ?, ?> here = internal.currentNode();
        ((CachedStateStore<String, SessionRow>) store).setFlushListener(
            flushed -> {
                ProcessorNode<?, ?, ?, ?> before = internal.currentNode();
                internal.setCurrentNode(here);
                byte[] figures = writer.session(flushed.key(), flushed.value().newValue);
                context.forward(new Record<>(flushed.key(), figures, flushed.timestamp()), Job.SESSIONS);
                internal.setCurrentNode(before);
            },
            false);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        Interaction event = reader.read(record.value());
        if (event.isBot) {
            return;
        }
        SessionRow row = rows.computeIfAbsent(event.sessionId, this::stored);
        if (!row.apply(event)) {
            return;
        }
        store.put(event.sessionId, row);
        for (Activity activity : Activity.of(event)) {
            byte[] value = writer.activity(activity, event);
            context.forward(new Record<>(activity.perfumeId(), value, record.timestamp()), Job.ACTIVITY);
        }
    }

    private SessionRow stored(String sessionId) {
        SessionRow row = store.get(sessionId);
        return row == null ? new SessionRow() : row;
    }
}
