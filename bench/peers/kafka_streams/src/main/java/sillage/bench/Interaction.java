package sillage.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * What the job needs of an Interaction (schemas/avro/interaction.avsc), read straight off the Avro bytes.
 * Strings nobody asks for are skipped, not made.
 */
final class Interaction {
    private static final int HEADER_BYTES = 5;

    String eventId;
    String eventType;
    String category;
    long occurredAt;
    String path;
    String perfumeId;
    String eventData;
    Long duration;
    Double value;
    String referrer;
    String deviceType;
    String sessionId;
    String userId;
    String visitorId;
    long receivedAt;
    String browser;
    String os;
    boolean isBot;

    /** Reads records of one schema id; one instance per thread. */
    static final class Reader {
        private final int schemaId;
        private BinaryDecoder reused;

        Reader(int schemaId) {
            this.schemaId = schemaId;
        }

        /** Throws IllegalArgumentException for anything but a record of that schema. */
        Interaction read(byte[] wire) {
            if (wire.length < HEADER_BYTES || wire[0] != 0 || ByteBuffer.wrap(wire).getInt(1) != schemaId) {
                throw new IllegalArgumentException("expected an Interaction of schema id " + schemaId);
            }
            reused = DecoderFactory.get().binaryDecoder(wire, HEADER_BYTES, wire.length - HEADER_BYTES, reused);
            try {
                return fields(reused);
            } catch (IOException broken) {
                throw new IllegalArgumentException("not an Interaction", broken);
            }
        }

        private static Interaction fields(BinaryDecoder in) throws IOException {
            Interaction event = new Interaction();
            event.eventId = in.readString();
            event.eventType = in.readString();
            event.category = in.readString();
            event.occurredAt = in.readLong();
            in.skipString(); // time_source
            optionalLong(in); // client_time
            event.path = in.readString();
            event.perfumeId = optionalString(in);
            skipOptionalString(in); // house_id
            skipOptionalString(in); // note_id
            event.eventData = optionalString(in);
            event.duration = optionalLong(in);
            event.value = in.readIndex() == 0 ? null : in.readDouble();
            event.referrer = optionalString(in);
            optionalLong(in); // seq
            event.deviceType = in.readString();
            for (long left = in.readArrayStart(); left > 0; left = in.arrayNext()) { // truncated
                for (long item = 0; item < left; item++) {
                    in.skipString();
                }
            }
            in.readLong(); // receipt
            event.sessionId = in.readString();
            event.userId = optionalString(in);
            event.visitorId = optionalString(in);
            skipOptionalString(in); // tab_id
            optionalLong(in); // sent_at
            event.receivedAt = in.readLong();
            event.browser = in.readString();
            event.os = in.readString();
            skipOptionalString(in); // user_agent
            event.isBot = in.readBoolean();
            return event; // nothing of the rest is asked for
        }

        private static String optionalString(BinaryDecoder in) throws IOException {
            return in.readIndex() == 0 ? null : in.readString();
        }

        private static void skipOptionalString(BinaryDecoder in) throws IOException {
            if (in.readIndex() != 0) {
                in.skipString();
            }
        }

        private static Long optionalLong(BinaryDecoder in) throws IOException {
            return in.readIndex() == 0 ? null : in.readLong();
        }
    }
}
