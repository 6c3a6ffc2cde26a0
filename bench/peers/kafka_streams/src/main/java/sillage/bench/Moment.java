package sillage.bench;

import java.util.UUID;

/** When an event happened, in an order without ties: epoch milliseconds, then event id as its text sorts. */
record Moment(long at, UUID eventId) implements Comparable<Moment> {
    @Override
    public int compareTo(Moment other) {
        int byTime = Long.compare(at, other.at);
        if (byTime != 0) {
            return byTime;
        }
        int high = Long.compareUnsigned(eventId.getMostSignificantBits(), other.eventId.getMostSignificantBits());
        return high != 0
            ? high
            : Long.compareUnsigned(eventId.getLeastSignificantBits(), other.eventId.getLeastSignificantBits());
    }
}
