/** A style sheet's minified text; see `sheet` in style.ts. */
declare module '*.css' {
  const text: string;
  export default text;
}

/** A picture's source text. */
declare module '*.svg' {
  const text: string;
  export default text;
}
