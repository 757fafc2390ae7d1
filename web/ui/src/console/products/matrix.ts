import type { Product } from '../model/types';

/** One option of a product being edited: "Size" with S, M, L. */
export interface Option { name: string; values: string[] }

/** One row of the matrix: a choice of values with what was typed for it. */
export interface Row { options: string[]; id?: string; price: string; stock: string; code: string }

/** How many options and rows a product may have. */
export const maxOptions = 3;
export const maxRows = 100;

const keyOf = (options: string[]): string => JSON.stringify(options);

/** Splits what was typed for an option's values: by comma (of either width), each once, in order. */
export function readValues(text: string): string[] {
  return [...new Set(text.split(/[,，、;\n]/).map((v) => v.trim()).filter(Boolean))];
}

/** Every choice of the options, in their order; one empty choice without options. */
export function combinations(options: Option[]): string[][] {
  return options.filter((o) => o.values.length).reduce<string[][]>(
    (all, o) => all.flatMap((head) => o.values.map((v) => [...head, v])), [[]]);
}

/**
 * The rows for the options, keeping what was typed for choices that are still there. When an option is added or
 * removed, a row keeps what was typed for the choice it grew from, and the first of them keeps the id, so that the
 * SKU with its history lives on.
 */
export function rowsFor(options: Option[], before: Row[]): Row[] {
  const known = new Map(before.map((r) => [keyOf(r.options), r]));
  const used = new Set<string>();
  return combinations(options).map((choice) => {
    const from = known.get(keyOf(choice))
      ?? before.find((r) => r.options.length !== choice.length && (r.options.every((v, i) => choice[i] === v) || choice.every((v, i) => r.options[i] === v)));
    const id = from?.id && !used.has(from.id) ? from.id : undefined;
    if (id) used.add(id);
    return { options: choice, id, price: from?.price ?? before[0]?.price ?? '', stock: from?.stock ?? '', code: from && id ? from.code : '' };
  });
}

/** The options of a product as they are, each with the values its SKUs use. */
export function optionsOf(product: Product): Option[] {
  return product.options.map((name, i) => ({ name, values: [...new Set(product.skus.map((s) => s.options[i] ?? '').filter(Boolean))] }));
}
