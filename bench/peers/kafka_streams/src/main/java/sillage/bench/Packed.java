package sillage.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing run of bytes to write to: fixed-width numbers, and texts with their length before them. */
final class Packed {
    private static final int NULL = -1;

    private byte[] bytes = new byte[1024];
    private int size;

    void clear() {
        size = 0;
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, size);
    }

    void number(long value) {
        ensure(Long.BYTES);
        ByteBuffer.wrap(bytes).putLong(size, value);
        size += Long.BYTES;
    }

    void shortNumber(int value) {
        ensure(Integer.BYTES);
        ByteBuffer.wrap(bytes).putInt(size, value);
        size += Integer.BYTES;
    }

    void text(String text) {
        if (text == null) {
            shortNumber(NULL);
            return;
        }
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        shortNumber(encoded.length);
        ensure(encoded.length);
        System.arraycopy(encoded, 0, bytes, size, encoded.length);
        size += encoded.length;
    }

    static String text(ByteBuffer in) {
        int length = in.getInt();
        if (length == NULL) {
            return null;
        }
        String text = new String(in.array(), in.position(), length, StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }

    private void ensure(int more) {
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }
}
