// The realtime connection in a module of its own, so that a page can load it after the picture has started.
export { Centrifuge } from 'centrifuge';
