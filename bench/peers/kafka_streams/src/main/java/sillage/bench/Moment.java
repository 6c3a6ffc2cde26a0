package sillage.bench;

/** When an event happened, in an order without ties: epoch milliseconds, then event id. */
record Moment(long at, String eventId) implements Comparable<Moment> {
    @Override
    public int compareTo(Moment other) {
        int byTime = Long.compare(at, other.at);
        return byTime != 0 ? byTime : eventId.compareTo(other.eventId);
    }
}
