import { LitElement, css, html, nothing } from 'lit';
import { number, t } from '../../lib/i18n';
import { studioLink } from '../../lib/studio-link';
import * as backend from '../model/backend';
import type { DeskModel } from '../model/desk';
import { Ticker, Watch } from '../model/observable';
import type { Finding, StreamSession } from '../model/types';
import { linkIcon, nextIcon, okIcon, rotateIcon, warnIcon } from '../ui/icons';
import { base, buttons, surfaces } from '../ui/styles';
import { clock, moment } from '../ui/time';
import { toast } from '../ui/toasts';
import '../ui/confirm-dialog';
import '../ui/copy-field';

/** What the encoder sends, how healthy that is and what to do about it; and where it is to send. */
export class StreamCard extends LitElement {
  static override properties = { model: { attribute: false }, asking: { state: true } };
  model!: DeskModel;
  private asking = false;

  constructor() {
    super();
    new Ticker(this);
    new Watch(this, () => this.model);
  }

  static override styles = [base, buttons, surfaces, css`
    :host { display: grid; gap: .75rem; }
    .facts { display: flex; flex-wrap: wrap; gap: .125rem .75rem; font-size: .8125rem; color: var(--text-2); font-variant-numeric: tabular-nums; }
    details { border-top: 1px solid var(--line); padding-top: .5rem; }
    summary { font-size: .875rem; font-weight: 620; cursor: pointer; min-height: 1.75rem; display: flex; align-items: center; gap: .25rem; }
    summary svg { color: var(--text-2); transition: rotate .12s; }
    details[open] summary svg { rotate: 90deg; }
    .way { display: grid; gap: .625rem; padding-top: .5rem; }
    .rotate { justify-self: start; }
    .studio { display: grid; gap: .375rem; }
    .studio .button { justify-self: start; min-height: 2.25rem; padding: .25rem .625rem; font-size: .8125rem; }
    ul { display: grid; gap: .5rem; }
    @media (max-width: 799px) { summary { min-height: 2.75rem; } }
  `];

  override render() {
    const desk = this.model.desk!;
    const health = desk.stream;
    return html`
      ${health && desk.show.onAir ? this.health(health) : this.silent()}
      ${desk.show.status === 'ended' ? nothing : html`<details ?open=${!health}>
        <summary>${nextIcon}${t('console.stream.how')}</summary>
        <div class="way">
          ${desk.ingest.map((i) => html`<copy-field label=${t('console.stream.server', { protocol: i.protocol.toUpperCase() })} .value=${i.url}></copy-field>`)}
          <copy-field secret label=${t('console.stream.key')} .value=${desk.streamKey}></copy-field>
          ${desk.ingest.some((i) => i.protocol === 'whip') ? this.studio(desk.streamKey) : nothing}
          <button class="small plain rotate" @click=${() => { this.asking = true; }}>${rotateIcon}${t('console.stream.rotate')}</button>
        </div></details>`}
      ${this.asking ? html`<confirm-dialog heading=${t('console.stream.rotate.title')} text=${health ? t('console.stream.rotate.live') : t('console.stream.rotate.text')}
        action=${t('console.stream.rotate')} .run=${() => this.rotate()} @closed=${() => { this.asking = false; }}></confirm-dialog>` : nothing}`;
  }

  /** Why there is nothing to tell of a stream. */
  private silent() {
    const { show, stream } = this.model.desk!;
    if (show.status === 'ended') return html`<p class="small quiet">${show.endReason === 'publisher_away' ? t('console.show.ended.away') : t('console.stream.over')}</p>`;
    if (show.offAirSince) {
      return html`<div role="status" class="notice warn">${warnIcon}<div>${t('console.stream.away', { time: moment(show.offAirSince) })}</div></div>`;
    }
    return stream ? this.health(stream) : html`<p class="small quiet">${t('console.stream.none')}</p>`;
  }

  /** The way without an encoder: a link with the key behind #, to open here or on the anchor's phone. */
  private studio(key: string) {
    const link = studioLink(location.origin, key);
    return html`<div class="studio">
      <copy-field secret label=${t('console.stream.studio')} .value=${link}></copy-field>
      <a class="button small" href=${link} target="_blank" rel="noopener">${linkIcon}${t('console.stream.studio.open')}</a>
      <p class="small quiet">${t('console.stream.studio.hint')}</p>
    </div>`;
  }

  private health(h: StreamSession) {
    const { health: { bitrate, frameRate } } = h;
    const findings = h.health.findings ?? [];
    const video = h.tracks.find((track) => track.kind === 'video');
    const fps = frameRate || video?.frameRate;
    const facts = [
      clock(this.model.now() - Date.parse(h.started)), h.protocol.toUpperCase(), video?.width && `${video.width}×${video.height}`,
      video && fps && t('console.stream.fps', { n: Math.round(fps) }), ...h.tracks.map((track) => (track.convertedFrom ? `${track.convertedFrom} → ${track.codec}` : track.codec)),
      bitrate && t('console.stream.rate', { n: number(bitrate / 1e6, { maximumFractionDigits: 1 }) }),
    ].filter(Boolean);
    return html`
      <p class="facts">${facts.map((f) => html`<span>${f}</span>`)}</p>
      <div role="status">${findings.length
        ? html`<ul>${findings.map((f) => html`<li class="notice warn">${warnIcon}<div>${words(f)}</div></li>`)}</ul>`
        : html`<div class="notice good">${okIcon}<div>${t('console.stream.healthy')}</div></div>`}</div>`;
  }

  private async rotate(): Promise<void> {
    const key = await backend.rotateKey(this.model.slug);
    if (this.model.desk) this.model.desk.streamKey = key;
    this.requestUpdate();
    toast({ kind: 'ok', text: t('console.stream.rotated') });
  }
}

/** The publish doctor's finding in plain words with what to do; one that we do not know, in the server's. */
function words(f: Finding) {
  const known = (text: string, todo: string) => html`<strong>${text}</strong> ${todo}`;
  switch (f.code) {
    case 'gop_long': return known(t('console.doctor.gopLong'), t('console.doctor.gopLong.do'));
    case 'gop_irregular': return known(t('console.doctor.gopIrregular'), t('console.doctor.gopIrregular.do'));
    case 'reorder_deep': return known(t('console.doctor.reorder'), t('console.doctor.reorder.do'));
    case 'clock_drift': return known(t('console.doctor.drift'), t('console.doctor.drift.do'));
    case 'bitrate_over_line': return known(t('console.doctor.bitrate'), t('console.doctor.bitrate.do'));
    case 'codec_unsupported': return known(t('console.doctor.codec'), t('console.doctor.codec.do'));
    case 'no_audio': return known(t('console.doctor.noAudio'), t('console.doctor.noAudio.do'));
    case 'sound_unconverted': return known(t('console.doctor.opus'), t('console.doctor.opus.do'));
    case 'no_keyframe': return known(t('console.doctor.noKeyframe'), t('console.doctor.noKeyframe.do'));
    case 'media_damaged': return known(t('console.doctor.damaged'), t('console.doctor.damaged.do'));
    case 'bandwidth_over': return known(t('console.doctor.bandwidth'), t('console.doctor.bandwidth.do'));
    default: return known(f.message, '');
  }
}
customElements.define('stream-card', StreamCard);
