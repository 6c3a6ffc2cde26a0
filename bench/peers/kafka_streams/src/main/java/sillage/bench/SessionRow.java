package sillage.bench;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** The state behind one session's figures; `apply` folds an event in, in whatever order they come. */
final class SessionRow {
    /** A text and the moment of the event that told it. */
    record Told(Moment moment, String text) {}

    /** The earliest event, with what is published of it. */
    record First(Moment moment, String path, String deviceType, String browser, String os) {}

    final Set<UUID> seen = new HashSet<>();
    final Map<String, Moment> perfumes = new HashMap<>();
    /** The same by first appearance: an event has one perfume at most, so no moment comes twice. */
    final NavigableMap<Moment, String> appearances = new TreeMap<>();
    long lastReceived;
    First first;
    Told last;
    Told referrer;
    Told userId;
    Told visitorId;
    long pageViews;
    long interactions;
    long searches;
    boolean addedToWishlist;
    boolean addedToCollection;
    boolean completedRating;
    boolean completedReview;
    String viewPath;
    boolean moreViewPaths;

    /** False: the row has this event already. */
    boolean apply(Interaction event) {
        UUID eventId = UUID.fromString(event.eventId);
        if (!seen.add(eventId)) {
            return false;
        }
        Moment moment = new Moment(event.occurredAt, eventId);
        lastReceived = Math.max(lastReceived, event.receivedAt);
        if (first == null || moment.compareTo(first.moment) < 0) {
            first = new First(moment, event.path, event.deviceType, event.browser, event.os);
        }
        if (last == null || moment.compareTo(last.moment) > 0) {
            last = new Told(moment, event.path);
        }
        referrer = earliest(referrer, moment, event.referrer);
        userId = earliest(userId, moment, event.userId);
        visitorId = earliest(visitorId, moment, event.visitorId);
        count(event, moment);
        flag(event.eventType);
        return true;
    }

    boolean bounced() {
        return viewPath != null && !moreViewPaths && interactions == 0;
    }

    private static Told earliest(Told known, Moment moment, String text) {
        boolean keep = text == null || (known != null && known.moment.compareTo(moment) < 0);
        return keep ? known : new Told(moment, text);
    }

    private void count(Interaction event, Moment moment) {
        switch (event.category) {
            case "VIEW" -> viewed(event.path);
            case "RATING", "REVIEW", "COLLECTION", "WISHLIST" -> interactions++;
            default -> { }
        }
        if (event.eventType.equals("SEARCH_PERFORMED")) {
            searches++;
        }
        if (event.perfumeId != null) {
            appeared(event.perfumeId, moment);
        }
    }

    void appeared(String perfumeId, Moment moment) {
        Moment known = perfumes.get(perfumeId);
        if (known != null && known.compareTo(moment) <= 0) {
            return;
        }
        if (known != null) {
            appearances.remove(known);
        }
        perfumes.put(perfumeId, moment);
        appearances.put(moment, perfumeId);
    }

    private void viewed(String path) {
        pageViews++;
        if (viewPath == null) {
            viewPath = path;
        } else if (!viewPath.equals(path)) {
            moreViewPaths = true;
        }
    }

    private void flag(String eventType) {
        switch (eventType) {
            case "WISHLIST_ADD" -> addedToWishlist = true;
            case "COLLECTION_ADD" -> addedToCollection = true;
            case "RATING_COMPLETED" -> completedRating = true;
            case "REVIEW_SUBMITTED" -> completedReview = true;
            default -> { }
        }
    }
}
