/**
 * @license
 * Copyright 2021 Google LLC
 * SPDX-License-Identifier: BSD-3-Clause
 */
export * from 'lit-html/directives/if-defined.js';
//# sourceMappingURL=if-defined.d.ts.map