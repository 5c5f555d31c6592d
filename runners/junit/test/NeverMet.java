import ghostpeer.junit.Ghostpeer;
import org.junit.jupiter.api.Test;

/** Fails: a fault that is never met fails its test by name. */
class NeverMet {
    @Test
    @Ghostpeer(profile = "refuse-twice")
    void neverMet() {}
}
