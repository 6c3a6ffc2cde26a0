package sillage.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/** What one event says about one perfume, for the event types of the benchmark's load. */
record Activity(String perfumeId, Long viewDuration, Integer rating, String recommendationId) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static List<Activity> of(Interaction event) {
        if (event.eventType.equals("SEARCH_PERFORMED")) {
            List<Activity> shown = new ArrayList<>();
            for (JsonNode perfume : data(event).path("shown")) {
                shown.add(new Activity(perfume.textValue(), null, null, null));
            }
            return shown;
        }
        if (event.perfumeId == null) {
            return List.of();
        }
        Activity activity = switch (event.eventType) {
            case "PERFUME_VIEW" -> new Activity(event.perfumeId, event.duration, null, recommendation(event));
            case "RATING_COMPLETED" ->
                new Activity(event.perfumeId, null, hundredths(event.value), recommendation(event));
            case "WISHLIST_ADD", "COLLECTION_ADD" ->
                new Activity(event.perfumeId, null, null, recommendation(event));
            default -> new Activity(event.perfumeId, null, null, null);
        };
        return List.of(activity);
    }

    private static Integer hundredths(Double value) {
        return value == null ? null : (int) Math.round(value * 100);
    }

    private static String recommendation(Interaction event) {
        return event.eventData == null ? null : data(event).path("recommendationId").textValue();
    }

    private static JsonNode data(Interaction event) {
        try {
            return JSON.readTree(event.eventData == null ? "{}" : event.eventData);
        } catch (JsonProcessingException notJson) {
            throw new IllegalArgumentException("eventData is not JSON", notJson);
        }
    }
}
