package ghostpeer.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A peer of this test's own, judged when the test is over.
 *
 * <pre>
 * {@literal @}Test
 * {@literal @}Ghostpeer(profile = "refuse-twice", peer = "db.example")
 * void comesBack(Peers peers) { connect(peers.host(), 5432); }
 * </pre>
 */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(Ghostpeers.class)
@ExtendWith(GhostpeerExtension.class)
public @interface Ghostpeer {
    /** A name of the catalogue or a path. */
    String profile() default "";

    /** In its place: the profile's text. */
    String yaml() default "";

    /** The name of a host; without one the peer is at an address that is free. */
    String peer() default "";

    /** 0: every port is the peer's. */
    int port() default 0;

    /** Parameters of the profile: {@code {"times=3"}}. */
    String[] set() default {};
}
