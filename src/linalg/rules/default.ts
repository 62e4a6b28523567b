/**
 * The rules that are used where no others are given.
 *
 * @module
 */
import { determinants } from "./determinant.ts";
import { diagonals, traces } from "./diagonal.ts";
import { eigenvalues } from "./eigen.ts";
import { factorisations } from "./factorisations.ts";
import { inverses } from "./inverse.ts";
import { woodbury } from "./low_rank.ts";
import { matrixFunctions } from "./matrix_functions.ts";
import { norms } from "./norms.ts";
import { pseudoInverses } from "./pseudo.ts";
import { RuleSet } from "./rule_set.ts";
import { singularValues } from "./singular_values.ts";
import { solvers } from "./solvers.ts";

/** The rules that functions use when no others are given. It never changes; see {@link RuleSet.extend}. */
export const defaultRules: RuleSet = /* @__PURE__ */ new RuleSet(
  // Functions, and calls that bundlers may leave out: who imports one name of this door gets no rules by it.
  /* @__PURE__ */ [
    inverses,
    woodbury,
    solvers,
    pseudoInverses,
    determinants,
    traces,
    diagonals,
    eigenvalues,
    singularValues,
    factorisations,
    matrixFunctions,
    norms,
  ].flatMap((rules) => rules()),
);
