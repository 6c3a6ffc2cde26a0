package sillage.bench;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import sillage.bench.SessionRow.First;
import sillage.bench.SessionRow.Told;

/** A row as compact bytes and back; event ids as their sixteen bytes. One instance per thread. */
final class SessionRowSerde implements Serializer<SessionRow>, Deserializer<SessionRow> {
    private final Packed out = new Packed();

    @Override
    public byte[] serialize(String topic, SessionRow row) {
        if (row == null) {
            return null;
        }
        out.clear();
        out.shortNumber(row.seen.size());
        for (UUID id : row.seen) {
            id(id);
        }
        out.number(row.lastReceived);
        moment(row.first.moment());
        out.text(row.first.path());
        out.text(row.first.deviceType());
        out.text(row.first.browser());
        out.text(row.first.os());
        told(row.last);
        told(row.referrer);
        told(row.userId);
        told(row.visitorId);
        out.number(row.pageViews);
        out.number(row.interactions);
        out.number(row.searches);
        out.shortNumber(flags(row));
        out.text(row.viewPath);
        out.shortNumber(row.perfumes.size());
        row.perfumes.forEach((perfume, moment) -> {
            out.text(perfume);
            moment(moment);
        });
        return out.copy();
    }

    @Override
    public SessionRow deserialize(String topic, byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        SessionRow row = new SessionRow();
        for (int left = in.getInt(); left > 0; left--) {
            row.seen.add(new UUID(in.getLong(), in.getLong()));
        }
        row.lastReceived = in.getLong();
        row.first = new First(moment(in), Packed.text(in), Packed.text(in), Packed.text(in), Packed.text(in));
        row.last = told(in);
        row.referrer = told(in);
        row.userId = told(in);
        row.visitorId = told(in);
        row.pageViews = in.getLong();
        row.interactions = in.getLong();
        row.searches = in.getLong();
        setFlags(row, in.getInt());
        row.viewPath = Packed.text(in);
        for (int left = in.getInt(); left > 0; left--) {
            row.appeared(Packed.text(in), moment(in));
        }
        return row;
    }

    @Override
    public void configure(Map<String, ?> settings, boolean ofKeys) {}

    @Override
    public void close() {}

    private static int flags(SessionRow row) {
        return (row.addedToWishlist ? 1 : 0)
            | (row.addedToCollection ? 2 : 0)
            | (row.completedRating ? 4 : 0)
            | (row.completedReview ? 8 : 0)
            | (row.moreViewPaths ? 16 : 0);
    }

    private static void setFlags(SessionRow row, int flags) {
        row.addedToWishlist = (flags & 1) != 0;
        row.addedToCollection = (flags & 2) != 0;
        row.completedRating = (flags & 4) != 0;
        row.completedReview = (flags & 8) != 0;
        row.moreViewPaths = (flags & 16) != 0;
    }

    private void id(UUID id) {
        out.number(id.getMostSignificantBits());
        out.number(id.getLeastSignificantBits());
    }

    private void moment(Moment moment) {
        out.number(moment.at());
        id(moment.eventId());
    }

    private void told(Told told) {
        out.text(told == null ? null : told.text());
        if (told != null) {
            moment(told.moment());
        }
    }

    private static Moment moment(ByteBuffer in) {
        return new Moment(in.getLong(), new UUID(in.getLong(), in.getLong()));
    }

    private static Told told(ByteBuffer in) {
        String text = Packed.text(in);
        return text == null ? null : new Told(moment(in), text);
    }
}
