// The profiles of a run, and what the command line says about them.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "setup/run_options.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace ghostpeer::setup {

/// Loads each profile once, with the parameters that it declares; those that none declares are
/// errors.
class ProfileSet {
  public:
    /// `several`: a parameter belongs to those of the profiles that declare it.
    ProfileSet(const std::vector<Assignment>& parameters, bool several, profile::Waiting waiting);

    /// Null where it is not there or has mistakes; `errors` tells.
    [[nodiscard]] std::shared_ptr<const profile::Profile> load(const std::string& name);

    /// The same of a text that is given this name.
    [[nodiscard]] std::shared_ptr<const profile::Profile> load_text(const std::string& text,
                                                                    const std::string& name);

    /// What to print, lines with their ends; empty: nothing is wrong.
    [[nodiscard]] std::string errors() const;
    /// The same of a `--fire` that nothing can come of.
    [[nodiscard]] std::string unknown_command(const std::vector<Fire>& fires) const;
    /// Sentences about parameters that were meant for one profile, perhaps.
    [[nodiscard]] std::vector<std::string> remarks() const;

  private:
    using Load = std::function<profile::LoadResult(const profile::Parameters& parameters)>;
    [[nodiscard]] std::shared_ptr<const profile::Profile> load_by(const std::string& name,
                                                                  const Load& load);

    bool several_;
    profile::Waiting waiting_;
    profile::Parameters parameters_;
    std::set<std::string> undeclared_;
    std::map<std::string, std::vector<std::string>> declared_by_;  ///< profiles, of each parameter
    std::map<std::string, std::shared_ptr<const profile::Profile>> loaded_;
    std::string errors_;
};

}  // namespace ghostpeer::setup
