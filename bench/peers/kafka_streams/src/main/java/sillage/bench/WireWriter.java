package sillage.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import sillage.bench.SessionRow.Told;

/** Values of the two topics written, in Confluent's wire format. One instance per thread. */
final class WireWriter {
    private static final int PERFUME_IDS_LISTED = 200;

    private final int sessionId;
    private final int activityId;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    private BinaryEncoder reused;

    WireWriter(int sessionSchemaId, int activitySchemaId) {
        sessionId = sessionSchemaId;
        activityId = activitySchemaId;
    }

    /** schemas/avro/session.avsc */
    byte[] session(String key, SessionRow row) {
        try {
            BinaryEncoder out = begin(sessionId);
            long events = row.seen.size();
            out.writeString(key);
            out.writeInt(0); // generation
            out.writeLong(2 * events);
            optional(out, text(row.userId));
            optional(out, text(row.visitorId));
            out.writeLong(row.first.moment().at());
            out.writeLong(row.last.moment().at());
            out.writeLong((row.last.moment().at() - row.first.moment().at()) / 1000);
            out.writeBoolean(false); // closed
            out.writeLong(events);
            out.writeLong(row.pageViews);
            out.writeLong(row.perfumes.size());
            perfumes(out, row);
            out.writeLong(row.interactions);
            out.writeLong(row.searches);
            out.writeBoolean(row.addedToWishlist);
            out.writeBoolean(row.addedToCollection);
            out.writeBoolean(row.completedRating);
            out.writeBoolean(row.completedReview);
            out.writeBoolean(row.bounced());
            out.writeString(row.first.path());
            out.writeString(row.last.text());
            optional(out, text(row.referrer));
            out.writeString(row.first.deviceType());
            out.writeString(row.first.browser());
            out.writeString(row.first.os());
            return end(out);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** schemas/avro/perfume_activity.avsc */
    byte[] activity(Activity activity, Interaction event) {
        try {
            BinaryEncoder out = begin(activityId);
            out.writeString(activity.perfumeId());
            out.writeString(viewer(event));
            out.writeString(event.eventId);
            out.writeString(event.eventType);
            out.writeLong(event.occurredAt);
            optional(out, activity.viewDuration());
            optional(out, activity.viewDuration() == null ? null : 1L);
            if (activity.rating() == null) {
                out.writeIndex(0);
            } else {
                out.writeIndex(1);
                out.writeInt(activity.rating());
            }
            optional(out, activity.recommendationId());
            out.writeIndex(0); // recommendation_source, _algorithm, _position and thumbs are of other types
            out.writeIndex(0);
            out.writeIndex(0);
            out.writeIndex(0);
            return end(out);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static String viewer(Interaction event) {
        if (event.userId != null) {
            return "u:" + event.userId;
        }
        return event.visitorId != null ? "v:" + event.visitorId : "s:" + event.sessionId;
    }

    private static void perfumes(BinaryEncoder out, SessionRow row) throws IOException {
        int listed = Math.min(row.appearances.size(), PERFUME_IDS_LISTED);
        int unlisted = row.appearances.size() - listed;
        out.writeArrayStart();
        out.setItemCount(listed);
        for (String id : row.appearances.values()) {
            if (unlisted-- > 0) {
                continue;
            }
            out.startItem();
            out.writeString(id);
        }
        out.writeArrayEnd();
    }

    private BinaryEncoder begin(int schemaId) {
        bytes.reset();
        bytes.write(0);
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes.write(schemaId >>> shift);
        }
        reused = EncoderFactory.get().binaryEncoder(bytes, reused);
        return reused;
    }

    private byte[] end(BinaryEncoder out) throws IOException {
        out.flush();
        return bytes.toByteArray();
    }

    private static String text(Told told) {
        return told == null ? null : told.text();
    }

    private static void optional(BinaryEncoder out, String text) throws IOException {
        out.writeIndex(text == null ? 0 : 1);
        if (text != null) {
            out.writeString(text);
        }
    }

    private static void optional(BinaryEncoder out, Long number) throws IOException {
        out.writeIndex(number == null ? 0 : 1);
        if (number != null) {
            out.writeLong(number);
        }
    }
}
