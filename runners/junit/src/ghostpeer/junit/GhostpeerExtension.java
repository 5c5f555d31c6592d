package ghostpeer.junit;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A scope for each test that has {@link Ghostpeer}, and its verdict. */
public final class GhostpeerExtension implements ExecutionCondition, BeforeEachCallback,
        AfterTestExecutionCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace OURS =
            ExtensionContext.Namespace.create(GhostpeerExtension.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return Control.isThere()
                ? ConditionEvaluationResult.enabled("a run of ghostpeer")
                : ConditionEvaluationResult.disabled(
                        "this is no run of ghostpeer: ghostpeer run -q healthy -- java …");
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        peers(context);
    }

    private static synchronized Peers peers(ExtensionContext context) {
        ExtensionContext.Store store = context.getStore(OURS);
        Peers known = store.get("peers", Peers.class);
        if (known != null) {
            return known;
        }
        Peers peers = new Peers(context.getRequiredTestClass().getName() + "."
                + context.getRequiredTestMethod().getName());
        store.put("peers", peers);
        List<Ghostpeer> wanted = new ArrayList<>();
        // Those of the method before those of its class.
        for (Ghostpeer one : context.getRequiredTestMethod().getAnnotationsByType(Ghostpeer.class)) {
            wanted.add(one);
        }
        for (Ghostpeer one : context.getRequiredTestClass().getAnnotationsByType(Ghostpeer.class)) {
            wanted.add(one);
        }
        wanted.forEach(peers::add);
        return peers;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        Peers peers = peers(context);
        String failure = peers.failure();
        if (!failure.isEmpty() && context.getExecutionException().isEmpty()) {
            throw new AssertionError(failure + "\n" + peers.trace());
        }
        if (context.getExecutionException().isPresent()) {
            context.publishReportEntry("ghostpeer", peers.trace());
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Peers peers = context.getStore(OURS).remove("peers", Peers.class);
        if (peers != null) {
            peers.end();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Peers.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return peers(context);
    }
}
