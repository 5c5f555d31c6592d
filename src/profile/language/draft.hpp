// A profile while its chain is being read, from the last one extended to the one asked for.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/language/sections.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

struct PhaseParts {
    const YamlNode* key = nullptr;
    std::vector<Rule> rules;
};

struct Draft {
    Profile profile;
    TcpParts tcp;
    Link way;                              ///< what `link` has said so far
    const Entry* link = nullptr;           ///< the last one
    std::vector<Rule> rules;               ///< of the file that is being read
    std::vector<PhaseParts> phases;        ///< a name once; the extending profile's stays
    const Entry* attempts = nullptr;       ///< the extending profile's
    Tolerance tolerance;                   ///< of expectations that have none of their own
    const Entry* client = nullptr;         ///< the same
    const Entry* role = nullptr;           ///< the same
    const Entry* service = nullptr;        ///< read last
    const Entry* not_inherited = nullptr;  ///< a server's, by a client
};

// The keys that a profile and an attempt written in place share.
void read_tcp_of(const Entry& entry, Draft& draft, Context& context);
void read_ip_of(const Entry& entry, Draft& draft, Context& context);
void read_link_of(const Entry& entry, Draft& draft, Context& context);
void read_service_of(const Entry& entry, Draft& draft, Context& context);
void read_after_eof_of(const Entry& entry, Draft& draft, Context& context);
void read_rules_of(const Entry& entry, Draft& draft, Context& context);
// client.cpp: only a profile as a whole has these.
void read_role(const Entry& entry, Draft& draft, Context& context);
void read_client(const Entry& entry, Draft& draft, Context& context);
/// A client that speaks in a server's words would be nobody: it only reads then. True: it spoke.
bool forget_answers(Service& service);
/// The sentence about it.
[[nodiscard]] std::string not_inherited(std::string_view of);
/// Reports what cannot be, once both are known.
void check_client(const Draft& draft, Errors& errors);
/// `phases:`, a map of lists of rules.
void read_phases(const Entry& entry, Draft& draft, Context& context);
/// The names of the phases in a map of keys, in its order, behind those that are known.
void collect_phases(const YamlNode& map, std::vector<std::string>& names);
/// Puts top rules and phases together, with ids; reports phases that no rule becomes.
void finish_rules(std::vector<Rule> top, std::vector<PhaseParts> phases, Profile& profile,
                  Errors& errors);

/// Reads a profile that another one names; it must have no `attempts`.
using LoadNamed = LoadResult (*)(std::unique_ptr<SourceText> source, std::string name);

/// `attempts:`, once everything else of the draft is known.
void read_attempts(const Entry& entry, const Draft& draft, LoadNamed load_named, Profile& profile,
                   Context& context);

}  // namespace ghostpeer::profile
